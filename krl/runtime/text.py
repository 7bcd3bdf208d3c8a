"""Any value as text: what `+`, `.as("String")`, chevrons and every text parameter make of it.

Source of the rules: operators, "Number to text" and "Conversion table".
"""

from __future__ import annotations

from math import isfinite

from .host import Value
from .regexp import RegExp
from .values import typeof

# Both ends of a number, and `.trim()`, lose these. str.strip() alone would take other characters, too.
WHITESPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def text(value: Value) -> str:
    """The KRL text of a value; never fails."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int or kind is float:
        return number_text(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is RegExp:
        return f"re#{value.source}#{value.flags}"
    return f"[{typeof(value)}]"


def number_text(number: int | float) -> str:
    """The shortest decimal that reads back as the same number, laid out as JavaScript does."""
    if type(number) is int:
        return str(number)
    if not isfinite(number):
        return "[JSObject]"
    if number == 0:
        return "0"  # a negative zero is never shown
    digits, _, exponent = repr(number).partition("e")
    if not exponent:
        return digits.removesuffix(".0")
    power = int(exponent)
    # Python turns to exponents below 1e-4 and from 1e16 on, JavaScript below 1e-6 and from 1e21 on.
    return _plain(digits, power) if -7 < power < 21 else f"{digits}e{power:+d}"


def _plain(mantissa: str, power: int) -> str:
    """`d.ddd` times ten to a power that moves the point out of the digits, without an exponent."""
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.removeprefix("-").replace(".", "")
    return sign + (digits.ljust(power + 1, "0") if power > 0 else "0." + "0" * (-power - 1) + digits)
