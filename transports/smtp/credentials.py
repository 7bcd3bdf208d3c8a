"""Names and passwords of those who may hand in mail."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest


def is_user(users: Mapping[str, str], name: bytes, password: bytes) -> bool:
    """Whether the name has this password; takes as long for a name that is none."""
    known = users.get(name.decode("utf-8", "replace"))
    same = compare_digest((known or "").encode(), password)
    return same and bool(known)
