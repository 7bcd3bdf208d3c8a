"""Texts and bytes by the names of encodings that KRL knows, as lenient as Node's Buffer is.

Source: docs/modules.md, "math".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from ..errors import KRLTypeError
from ..runtime.host import Value
from ..runtime.text import text
from ..runtime.values import truth

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_HEX_PAIRS = re.compile(r"(?:[0-9a-fA-F]{2})*")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")


def utf8(written: str) -> bytes:
    """The text in UTF-8; half a surrogate pair, which has no bytes, becomes U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", written).encode("utf-8")


def from_base64(written: str) -> bytes:
    """The bytes of a base64 text of either alphabet, up to its first `=`; foreign characters are passed over."""
    digits = _NO_BASE64.sub("", written.partition("=")[0].replace("-", "+").replace("_", "/"))
    if len(digits) % 4 == 1:
        digits = digits[:-1]  # six bits are no byte
    return base64.b64decode(digits + "=" * (-len(digits) % 4))


def to_bytes(written: str, encoding: Value) -> bytes:
    """The bytes that a text stands for. Raises KRLTypeError for an encoding that is not known."""
    return _codec(encoding)[0](written)


def to_text(data: bytes, encoding: Value) -> str:
    """The text that bytes stand for. Raises KRLTypeError for an encoding that is not known."""
    return _codec(encoding)[1](data)


_Codec = tuple[Callable[[str], bytes], Callable[[bytes], str]]


def _codec(encoding: Value) -> _Codec:
    name = text(encoding).lower() if truth(encoding) else "utf8"
    if name not in _CODECS:
        raise KRLTypeError(f"Unknown encoding: {text(encoding)}")
    return _CODECS[name]


def _utf16(written: str) -> bytes:
    return written.encode("utf-16-le", "surrogatepass")


def _from_utf16(data: bytes) -> str:
    return data[: len(data) // 2 * 2].decode("utf-16-le", "surrogatepass")


def _from_hex(written: str) -> bytes:
    """The bytes of the hex pairs up to the first that is none."""
    pairs = _HEX_PAIRS.match(written)
    return bytes.fromhex(pairs[0]) if pairs else b""


_UTF8: _Codec = (utf8, lambda data: data.decode("utf-8", "replace"))
_UTF16: _Codec = (_utf16, _from_utf16)
# The low byte of each UTF-16 unit, whatever the character.
_LATIN1: _Codec = (lambda written: _utf16(written)[::2], lambda data: data.decode("latin-1"))

_CODECS: dict[str, _Codec] = {
    "utf8": _UTF8,
    "utf-8": _UTF8,
    "utf16le": _UTF16,
    "utf-16le": _UTF16,
    "ucs2": _UTF16,
    "ucs-2": _UTF16,
    "latin1": _LATIN1,
    "binary": _LATIN1,
    "ascii": (_LATIN1[0], lambda data: bytes(each & 0x7F for each in data).decode("ascii")),
    "hex": (_from_hex, bytes.hex),
    "base64": (from_base64, lambda data: base64.b64encode(data).decode("ascii")),
    "base64url": (from_base64, lambda data: base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")),
}
