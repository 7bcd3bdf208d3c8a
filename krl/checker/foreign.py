"""Names of other languages, and what KRL has in their place."""

from __future__ import annotations

from typing import Final

NAMES: Final = {
    **dict.fromkeys(("undefined", "nil", "None", "NULL", "Null"), "write null"),
    **dict.fromkeys(("True", "TRUE"), "write true"),
    **dict.fromkeys(("False", "FALSE"), "write false"),
    **dict.fromkeys(("console", "print", "println"), 'write value.klog("message"), which logs the value and yields it'),
    "JSON": "write value.encode(), or text.decode()",
    "Math": "write math:round(number, 2), and so on",
    "Date": "write time:now()",
    "event": 'write event:attrs{"name"}',
    "ent": "write ent:name",
    "this": "there are no objects: entity variables are ent:name",
}
"""What is read as a name."""

OPERATORS: Final = {
    **dict.fromkeys(("push", "concat", "add", "extend"), "write .append(value), which makes a new array"),
    **dict.fromkeys(("pop", "shift"), "write .slice(…), .head() or .tail(): arrays are never changed"),
    **dict.fromkeys(("toUpperCase", "upper", "upcase"), "write .uc()"),
    **dict.fromkeys(("toLowerCase", "lower", "downcase"), "write .lc()"),
    **dict.fromkeys(("toString", "str"), 'write .as("String")'),
    **dict.fromkeys(("toNumber", "parseInt", "parseFloat", "int"), 'write .as("Number")'),
    **dict.fromkeys(("substring", "mid"), "write .substr(start, length)"),
    **dict.fromkeys(("forEach", "each"), "write .map(function(x){ … }), or foreach in a rule"),
    **dict.fromkeys(("includes", "indexOf"), "write collection >< value, or text.contains(part)"),
    **dict.fromkeys(("len", "size", "count"), "write .length()"),
    **dict.fromkeys(("some", "exists"), "write .any(function(x){ … })"),
    "every": "write .all(function(x){ … })",
    "log": 'write .klog("message")',
    "strip": "write .trim()",
}
"""What is called behind a dot."""
