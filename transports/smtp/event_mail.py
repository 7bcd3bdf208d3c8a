"""An event as a mail to the pico at the other end: the address says which, a form in the body has its attributes.

The profile `classic`, which every engine has, makes attributes of the form again. A form knows texts only: other values
come as their JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import urlencode

from engine import dumps

from .address import MAX_LOCAL_BYTES
from .profile import CLASSIC

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_HOST_CHARACTERS = 255

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


def event_address(eci: str, domain: str, type: str, host: str) -> str:
    """Where a mail goes that is to be this event. Raises ValueError if no address can say it."""
    local = "+".join((CLASSIC, eci, domain, type))
    if not local.isascii() or not all(each.isalnum() or each in "+-_" for each in local) or local.count("+") != 3:
        raise ValueError(f"{domain}:{type} cannot stand in a mail address")
    if len(local) > MAX_LOCAL_BYTES:
        raise ValueError(f"{local!r} is longer than the {MAX_LOCAL_BYTES} bytes that stand before the @")
    if len(host) > MAX_HOST_CHARACTERS or not _HOST.fullmatch(host):
        raise ValueError(f"{host[:60]!r} is no host that mail could go to")
    return f"{local}@{host}"


def event_mail(address: str, sender: str, attrs: Mapping[str, Any], message_id: str) -> bytes:
    """The mail; whoever sends it again must give it the same `message_id`."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = address
    message["Subject"] = address.partition("@")[0].rpartition("+")[2]
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    pairs = [(name, value if isinstance(value, str) else dumps(value).decode()) for name, value in attrs.items()]
    maintype, _, subtype = FORM_TYPE.partition("/")
    message.set_content(urlencode(pairs).encode("ascii"), maintype=maintype, subtype=subtype, cte="base64")
    return message.as_bytes()
