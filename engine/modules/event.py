"""`event`: the current event, and sending events to other picos.

Source: docs/modules.md, "event".
"""

from __future__ import annotations

from typing import Any

from krl import LIBRARY, Here, KRLTypeError, KRLValueError, Member, Module, text

from ..errors import ChannelNotFound, PolicyRefused
from ..host import Host
from .ctx.events import send_event

DID_RULESET = "io.picolabs.did-o"


def send(h: Host, here: Here, options: Any = None, host: Any = None) -> str | None:
    """Send an event, named by a map with `eci` (or a subscription `sub`), `domain`, `name` or `type`, and `attrs`.

    It leaves with this event's commit; its eid, null when it goes to another host. An unknown ECI or a refusal by
    the other pico's channel is told in the journal and gives null, unlike `ctx:event`.
    """
    if not isinstance(options, dict):
        raise KRLTypeError(f"event:send expects a map but got {text(options)}")
    eci = options.get("eci")
    if eci is None and isinstance(options.get("sub"), dict):
        eci, host = options["sub"].get("Tx"), options["sub"].get("Tx_host") or host
    if eci is None and options.get("did"):
        raise KRLValueError(
            f"event:send to a did needs a ruleset {DID_RULESET} with DIDComm, which this engine has not"
        )
    if not isinstance(eci, str):
        raise KRLTypeError(f"eci was {text(eci)} instead of a string")
    name = options.get("name") if options.get("name") is not None else options.get("type")
    try:
        return send_event(h, here, eci, options.get("domain"), name, options.get("attrs"), host)
    except (ChannelNotFound, PolicyRefused) as error:
        h.log(here, "error", error.text, _target(eci, options, name))
        return None


def _target(eci: str, options: dict[str, Any], name: Any) -> dict[str, Any]:
    return {"target": {"eci": eci, "domain": options.get("domain"), "name": name}}


MODULE: Module = {**LIBRARY["event"], "send": Member("action", send, ("options", "host"))}

__all__ = ["MODULE", "send"]
