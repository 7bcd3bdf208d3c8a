"""KRL's `math`: rounding, base64 and digests.

Numeric functions take Numbers, numeric text and Booleans; of anything else they make null.

Source: docs/modules.md, "math".
"""

from __future__ import annotations

import base64
import hashlib
import hmac as std_hmac
from collections.abc import Callable
from decimal import Context, Decimal
from math import ceil, floor, isinf, trunc
from typing import Any

from ..errors import KRLTypeError, KRLValueError
from ..runtime.host import Here, Host, Member, Module, Value
from ..runtime.limits import charge_text
from ..runtime.numbers import number as as_number
from ..runtime.text import text
from ..runtime.values import normal, truth
from .encodings import from_base64, to_bytes, to_text, utf8

MAX_PLACES = 292  # decimals; the peer's bound
MIN_PLACES = -400  # every double rounds to 0 or to an infinity long before
_DECIMALS = Context(prec=40)

ALGORITHMS: dict[str, Callable[..., Any]] = {
    "blake2b512": hashlib.blake2b,
    "blake2s256": hashlib.blake2s,
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha224": hashlib.sha224,
    "sha256": hashlib.sha256,
    "sha3-224": hashlib.sha3_224,
    "sha3-256": hashlib.sha3_256,
    "sha3-384": hashlib.sha3_384,
    "sha3-512": hashlib.sha3_512,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
"""By the names that OpenSSL gives them. Only what every Python has, so that all workers of a cluster agree."""


# --- numbers ---


def absolute(h: Host, here: Here, number: Value = None) -> Value:
    """The number without its sign."""
    known = _number(number)
    return None if known is None else normal(abs(known))


def ceiling(h: Host, here: Here, number: Value = None, precision: Value = None) -> Value:
    """The next number up that has `precision` decimals."""
    return _rounded(ceil, number, precision)


def floored(h: Host, here: Here, number: Value = None, precision: Value = None) -> Value:
    """The next number down that has `precision` decimals."""
    return _rounded(floor, number, precision)


def rounded(h: Host, here: Here, number: Value = None, precision: Value = None) -> Value:
    """The nearest number that has `precision` decimals, of two the upper."""
    return _rounded(_half_up, number, precision)


def integer(h: Host, here: Here, number: Value = None) -> Value:
    """The number without its decimals."""
    known = _number(number)
    return None if known is None else normal(trunc(known))


def _number(value: Value) -> int | float | None:
    return as_number(value) if isinstance(value, (bool, int, float, str)) else None


def _half_up(number: int | float) -> int:
    # Not floor(number + 0.5): just below a half, and far up, that sum is itself rounded.
    whole = floor(number)
    return whole + (number - whole >= 0.5)


def _rounded(how: Callable[[int | float], int], value: Value, precision: Value) -> Value:
    """Round the decimal that is printed, not the binary fraction behind it: 1.005 to two decimals is 1.01."""
    number = _number(value)
    if number is None:
        return None
    places = max(MIN_PLACES, min(trunc(as_number(precision) or 0), MAX_PLACES))
    if places == 0:
        return normal(how(number))
    shifted = _shifted(number, places)
    return None if isinf(shifted) else normal(_shifted(float(how(shifted)), -places))


def _shifted(number: int | float, places: int) -> float:
    """The number with its decimal point moved to the right."""
    return float(Decimal(repr(number)).scaleb(places, _DECIMALS))


# --- bytes ---


def base64encode(h: Host, here: Here, value: Value = None, encoding: Value = None) -> Value:
    """The text's bytes by `encoding` (UTF-8), in base64 with padding. Raises KRLTypeError for an unknown encoding."""
    written = text(value)
    charge_text(h, 4 * len(written))
    return base64.b64encode(to_bytes(written, encoding)).decode("ascii")


def base64decode(h: Host, here: Here, value: Value = None, encoding: Value = None) -> Value:
    """The bytes behind a base64 text, as text by `encoding` (UTF-8); what is no base64 is passed over.

    Raises KRLTypeError for an unknown encoding.
    """
    written = text(value)
    charge_text(h, 2 * len(written))
    return to_text(from_base64(written), encoding)


def hash_algorithms(h: Host, here: Here) -> Value:
    """The names that `hash` and `hmac` know."""
    return list(ALGORITHMS)


def hash_functions(h: Host, here: Here) -> Value:
    """The older spelling of `hashAlgorithms`."""
    h.log(here, "warn", "math:hashFunctions is deprecated, use math:hashAlgorithms")
    return list(ALGORITHMS)


def digest(h: Host, here: Here, algorithm: Value = None, value: Value = None, encoding: Value = None) -> Value:
    """The digest of the UTF-8 text of the value, in hex or base64."""
    constructor = _algorithm("math:hash", algorithm)
    show = _shown_as("math:hash", encoding)
    # Rulesets name files and topics by md5 and sha1: nothing here is a promise of security.
    return show(constructor(utf8(text(value)), usedforsecurity=False).digest())


def hmac(
    h: Host, here: Here, algorithm: Value = None, key: Value = None, message: Value = None, encoding: Value = None
) -> Value:
    """The keyed digest of the message's text, in hex or base64. The key must be a String."""
    if not isinstance(key, str):
        raise KRLValueError("math:hmac needs a key string")
    constructor = _algorithm("math:hmac", algorithm)
    show = _shown_as("math:hmac", encoding)
    return show(std_hmac.digest(utf8(key), utf8(text(message)), constructor))


def _algorithm(member: str, algorithm: Value) -> Callable[..., Any]:
    if not isinstance(algorithm, str):
        raise KRLTypeError(f"{member} was given {text(algorithm)} instead of a algorithm string")
    if algorithm not in ALGORITHMS:
        raise KRLValueError(f"{member} doesn't recognize the hash algorithm {algorithm}")
    return ALGORITHMS[algorithm]


def _shown_as(member: str, encoding: Value) -> Callable[[bytes], str]:
    if not truth(encoding) or encoding == "hex":
        return bytes.hex
    if encoding == "base64":
        return lambda digest: base64.b64encode(digest).decode("ascii")
    raise KRLValueError(f'{member} encoding must be "hex" or "base64" but was {text(encoding)}')


MODULE: Module = {
    "abs": Member("function", absolute, ("number",)),
    "base64decode": Member("function", base64decode, ("str", "encoding")),
    "base64encode": Member("function", base64encode, ("str", "encoding")),
    "ceiling": Member("function", ceiling, ("number", "precision")),
    "floor": Member("function", floored, ("number", "precision")),
    "hash": Member("function", digest, ("algorithm", "str", "encoding")),
    "hashAlgorithms": Member("property", hash_algorithms),
    "hashFunctions": Member("function", hash_functions),
    "hmac": Member("function", hmac, ("algorithm", "key", "message", "encoding")),
    "int": Member("function", integer, ("number",)),
    "round": Member("function", rounded, ("number", "precision")),
}
