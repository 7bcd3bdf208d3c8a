"""What may be believed of a mail (docs/smtp.md, "Trust")."""

from __future__ import annotations

import pytest

from engine import read_mail
from transports.smtp.trust import authentication, without_lies

US = "mx.example.org"


def auth(*values: str) -> dict[str, str | None]:
    content = "".join(f"Authentication-Results: {value}\r\n" for value in values) + "Subject: s\r\n\r\n"
    return authentication(read_mail(without_lies(content.encode(), US)))


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_no_line_end_hides_a_header(end: bytes) -> None:
    """The parser takes all three for ends of lines."""
    content = b"Subject: s" + end + b"Authentication-Results: evil; dmarc=pass" + end + b"Bcc: b@x" + end + b"To: a@x"

    seen = read_mail(without_lies(content + b"\r\n\r\nx", US))

    assert [name for name, _ in seen.headers] == ["Subject", "To"]


@pytest.mark.parametrize("between", [b"\r\n\r\n", b"\n\n", b"\r\r", b"\r\n\r", b"\n\r\n"])
def test_the_text_is_left_alone(between: bytes) -> None:
    content = b"Bcc: b@x\r\nSubject: s" + between + b"Bcc: in the text\r\n"

    seen = without_lies(content, US)

    assert seen == b"Subject: s" + between + b"Bcc: in the text\r\n"


def test_what_is_quoted_is_no_result() -> None:
    """Servers quote what the sender has said, and he may say anything."""
    said = f'{US}; dkim=fail header.d="a; spf=pass ; x" (b; spf=pass); spf=fail smtp.mailfrom="a; dmarc=pass"@x'

    assert auth(said) == {"dkim": "fail", "spf": "fail", "dmarc": None}


@pytest.mark.parametrize(
    "said", [r'"a\"; dmarc=pass "', "(a (b) ; dmarc=pass)", r"(a \) ; dmarc=pass)", '"open; dmarc=pass']
)
def test_quotes_and_comments_end_where_they_end(said: str) -> None:
    assert auth(f"{US}; spf=fail {said}; dmarc=fail")["dmarc"] in ("fail", None)


@pytest.mark.parametrize("author", [f'"{US}"', f"evil ({US})", f"({US}) evil", f"evil.{US}"])
def test_the_name_must_be_ours_as_it_is(author: str) -> None:
    assert auth(f"{author}; dmarc=pass")["dmarc"] is None


def test_dmarc_must_pass_wherever_it_is_told_of() -> None:
    assert auth(f"{US}; dmarc=pass; dmarc=fail")["dmarc"] == "fail"


def test_of_several_signatures_one_will_do() -> None:
    assert auth(f"{US}; dkim=fail; dkim=pass")["dkim"] == "pass"
