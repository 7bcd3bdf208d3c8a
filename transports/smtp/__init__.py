"""SMTP: mail to a pico is an event, and rules can write mail.

`server` speaks the protocol, `session` decides what each mail comes to, `address` says which pico and event are meant,
`attributes` what the event tells; `decode` makes it; `sender` hands mail to a smart host; `transport` joins them.
"""

from .settings import SmtpSettings

__all__ = ["SmtpSettings"]
