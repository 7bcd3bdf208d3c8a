"""Callbacks: whatever somebody posts to a URL that a rule has given him becomes that rule's event, once.

Such a sender has his own idea of what he says: a JSON map or a form give members of the attributes, any other body is
kept as a text, `body`. As with events, `_headers` comes last: a signature stands there.

Source: docs/http.md, "Callbacks".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import Receipt, Settings, Undecodable

from ..members import bare_media_type, clean_members, headers_kept, json_body
from .answers import Answer, json_answer
from .decode import FORM_TYPE, JSON_TYPES
from .query_string import form_members, query_members

NO_MEDIA_TYPE = "application/octet-stream"  # what no sender says of JSON


def members_of_callback(body: bytes, query: bytes, headers: Mapping[str, str], settings: Settings) -> dict[str, Any]:
    """What is laid over the attributes; raises DeliveryTooLarge."""
    members = query_members(query.decode("utf-8", "replace"), settings.max_members) if query else {}
    if body:
        members |= _body_members(body, headers.get("content-type", ""), settings)
    members = clean_members(members, settings)
    members["_headers"] = headers_kept(headers, settings)
    return members


def _body_members(body: bytes, content_type: str, settings: Settings) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    media_type = bare_media_type(content_type)
    if media_type == FORM_TYPE:
        return form_members(text, settings.max_members)
    if media_type in JSON_TYPES - {NO_MEDIA_TYPE} or media_type.endswith("+json"):
        try:
            value = json_body(body)
        except Undecodable:
            value = None  # he says that it is JSON, and it is not: a rule may still make something of it
        if isinstance(value, dict):
            return value
    return {"body": text}


def callback_answer(receipt: Receipt) -> Answer:
    """The event is stored; there is no channel by which its end could be asked for."""
    return json_answer({"eid": receipt.eid, "directives": []}, 202)
