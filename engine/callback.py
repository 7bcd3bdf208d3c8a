"""What a callback is called: its token's hash, its place in a URL, the words for what became of it."""

from __future__ import annotations

from hashlib import sha256

PATH = "/callback/"
OPEN, USED, EXPIRED = "open", "used", "expired"  # states of a row


def callback_id(token: str) -> str:
    """How the store knows a token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
