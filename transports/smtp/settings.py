"""What the SMTP transport can be told: one frozen record with the defaults that a new user gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_LISTEN = "127.0.0.1:2525"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How one engine takes mail, and how it sends some. Sizes in bytes, times in seconds, places as `host:port`."""

    listen: str = ""  # where mail is taken by SMTP; empty: nowhere
    lmtp: str = ""  # where it is taken by LMTP, with one answer for each recipient
    submission: str = ""  # where it is taken from `users`, by SMTP over TLS
    hostname: str = ""  # how we greet; empty: the machine's name
    domains: tuple[str, ...] = ()  # mail for other domains is refused; empty: it is taken for any
    aliases: Mapping[str, str] = field(
        default_factory=dict
    )  # local part → "ECI domain:type profile"; ECI alone will do
    profiles: Mapping[str, str] = field(default_factory=dict)  # the first word of addresses → its rules
    authserv_id: str = ""  # whose Authentication-Results are believed; empty: nobody's
    tls_cert: str = ""  # file with our certificate and what leads to it
    tls_key: str = ""  # file with its key; empty: in the same file
    require_tls: bool = False  # SMTP without STARTTLS is refused
    users: Mapping[str, str] = field(default_factory=dict)  # name → password, for submission
    max_message_bytes: int = 10 * 1024 * 1024
    max_recipients: int = 100  # of one mail
    max_header_bytes: int = 1024 * 1024
    max_parts: int = 200  # of one mail, all levels together
    max_part_depth: int = 20  # parts within parts
    inline_bytes: int = 64 * 1024  # a larger attachment is kept beside its event
    idle_seconds: float = 60.0  # a connection in which nothing comes is closed
    max_connections: int = 200  # of all addresses together, for each listener
    connections_per_address: int = 20
    mails_per_minute: int = 300  # that are taken, for one channel; 0: as many as come
    smart_host: str = ""  # the mail server that sends what rules write; empty: they leave directives
    smart_host_tls: str = "auto"  # "always": STARTTLS or nothing; "wrapped": TLS from the start; "never"
    smart_host_user: str = ""
    smart_host_password: str = ""
    send_seconds: float = 30.0  # for each answer of the smart host

    @property
    def on(self) -> bool:
        """Whether there is to be any mail."""
        return any((self.listen, self.lmtp, self.submission, self.smart_host))
