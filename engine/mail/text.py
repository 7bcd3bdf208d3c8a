"""Words and bytes of a mail become Unicode text, whatever charset they claim to be in.

Nothing here fails: what cannot be decoded is replaced, and said in a list of defects.

Source: RFC 2047 (words in headers), RFC 5322 (folding).
"""

from __future__ import annotations

import binascii
import codecs
import encodings
import pkgutil
import re
from encodings.aliases import aliases
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

_FOLD = re.compile(r"(?:\r\n|\r|\n)(?=[ \t])")
_LINE_END = re.compile(r"\r\n|\r|\n")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_PLAIN = "utf-8"  # what stands between encoded words is Unicode already
_SPELLINGS = {
    "cp-850": "cp850",
    "x-sjis": "shift_jis",
    "x-gbk": "gbk",
    "iso-8859-8-i": "iso-8859-8",
    "unicode": "utf-8",
}

# Programs that say ASCII or Latin-1 and send more than that mean these, which contain them (WHATWG Encoding).
_MEANT = {"ascii": "utf-8", "iso8859-1": "cp1252"}

# Codecs of Python that are no charsets of mail: they yield half characters, or cost the square of the length.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "mbcs", "oem"})

# Every name that Python has. It is asked for no other: it would look for a module of that name, and never forget it.
_CODECS = frozenset({each.name for each in pkgutil.iter_modules(encodings.__path__)} | set(aliases))
MAX_CHARSET_CHARACTERS = 60

Defects = list[str]


def decoded(data: bytes, charset: str | None, defects: Defects) -> str:
    """The bytes as text; without a charset that Python knows they are taken for UTF-8."""
    name = _known(charset)
    if charset and name is None:
        defects.append(f"unknown charset {charset[:MAX_CHARSET_CHARACTERS]!r}")
    try:
        text = data.decode(name or "utf-8")
    except (UnicodeError, ValueError):
        defects.append(f"bytes that are no {name or 'utf-8'}")
        text = data.decode(name or "utf-8", "replace")
    return whole(text)


def _known(charset: str | None) -> str | None:
    """Python's name of a charset, None if it is not one."""
    if not charset or len(charset) > MAX_CHARSET_CHARACTERS:
        return None
    spelled = charset.strip().lower()
    return _codec(_SPELLINGS.get(spelled, spelled))


@lru_cache(1000)
def _codec(spelled: str) -> str | None:
    plain = encodings.normalize_encoding(spelled)
    if plain not in _CODECS and plain.replace(".", "_") not in _CODECS:
        return None
    try:
        name = codecs.lookup(plain).name
        b"ab".decode(name, "replace")
    except (LookupError, UnicodeError, ValueError):  # there is none, or it is not between bytes and text
        return None
    if name.replace("-", "_") in _NO_CHARSETS:
        return None
    return _MEANT.get(name, name)


def whole(text: str) -> str:
    """The text without halves of characters, which no JSON can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def lines(text: str) -> str:
    """The text with line ends as KRL has them."""
    return _LINE_END.sub("\n", text)


def unfolded(raw: str, defects: Defects) -> str:
    """A raw value on one line. Bytes beyond ASCII, which the parser keeps as surrogates, are UTF-8 or else Latin-1."""
    line = _FOLD.sub("", raw).strip()
    if line.isascii():
        return line
    data = line.encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        defects.append("a header with bytes that are no utf-8")
        return data.decode("latin-1")


def words(line: str, defects: Defects) -> str:
    """The line with its encoded words decoded.

    Neighbours of one charset are decoded together, since many programs cut a character in two.
    """
    if "=?" not in line:
        return line
    return "".join(
        decoded(b"".join(data for _, data in run), charset, defects)
        for charset, run in groupby(_pieces(line, defects), itemgetter(0))
    )


def _pieces(line: str, defects: Defects) -> list[tuple[str, bytes]]:
    """Charset and bytes of each encoded word and of what stands between them; white space between two is nothing."""
    pieces: list[tuple[str, bytes]] = []
    after_a_word = False
    end = 0
    for found in _WORD.finditer(line):
        between = line[end : found.start()]
        data = _word_bytes(found[2], found[3])
        if data is None:
            defects.append(f"a broken encoded word {found[0][:40]!r}")
            continue
        if between and not (after_a_word and between.isspace()):
            pieces.append((_PLAIN, between.encode("utf-8", "replace")))
        pieces.append((found[1].partition("*")[0].lower(), data))
        end, after_a_word = found.end(), True
    if rest := line[end:]:
        pieces.append((_PLAIN, rest.encode("utf-8", "replace")))
    return pieces


def _word_bytes(encoding: str, text: str) -> bytes | None:
    data = text.encode()
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return None
