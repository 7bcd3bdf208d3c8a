"""The decoder "http": a delivery becomes an event, a query, or both.

The members of query string and body are joined, later ones win; `_headers` comes last, so that nobody can forge it.
JSON keeps its types; everything from query strings and forms is text.

Source: docs/http.md, "Attributes and arguments".
"""

from __future__ import annotations

from typing import Any

from engine import Decoder, Delivery, Request, Settings, Undecodable, request_of

from ..members import bare_media_type, clean_members, excerpt, headers_kept, json_body
from .query_string import form_members, query_members

JSON_TYPES = frozenset({"application/json", "application/octet-stream", "application/ssi-agent-wire"})
FORM_TYPE = "application/x-www-form-urlencoded"


def decoder(settings: Settings) -> Decoder:
    """The decoder of an engine with these limits."""

    def decode(delivery: Delivery, eid: str, time: int) -> Request:
        """The request; raises Undecodable, or DeliveryTooLarge for too many members or levels."""
        members = members_of(delivery, settings)
        if delivery.sent_eid is not None:
            members.setdefault("__eid", delivery.sent_eid)
        return request_of(delivery.eci, delivery.words, members, eid, time)

    return decode


def members_of(delivery: Delivery, settings: Settings) -> dict[str, Any]:
    """Attributes and arguments of a delivery; raises Undecodable or DeliveryTooLarge."""
    members = query_members(delivery.query, settings.max_members) if delivery.query else {}
    if delivery.body:
        members |= _body_members(delivery, settings)
    if members:
        members = clean_members(members, settings)
    members["_headers"] = headers_kept(delivery.headers, settings)
    return members


def _body_members(delivery: Delivery, settings: Settings) -> dict[str, Any]:
    media_type = bare_media_type(delivery.content_type)
    if media_type in JSON_TYPES:
        value = json_body(delivery.body)
        if isinstance(value, dict):
            return value
        if isinstance(value, list):
            return {str(index): item for index, item in enumerate(value)}
        raise Undecodable(f"expected a JSON map or array, found {excerpt(delivery.body)}", "SyntaxError")
    if media_type == FORM_TYPE:
        return form_members(delivery.body.decode("utf-8", "replace"), settings.max_members)
    return {}
