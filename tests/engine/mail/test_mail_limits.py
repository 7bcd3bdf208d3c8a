"""What a stranger may choose without limit costs little all the same (docs/smtp.md, "Limits")."""

from __future__ import annotations

import encodings

import pytest

from engine import DeliveryTooLarge, read_mail
from engine.mail.part import MAX_PARAMETERS, TOO_MANY
from engine.mail.reading import MAX_HEADERS, MAX_LINES

HEAD = b"From: a@b.org\r\n"


def parts_in_parts(levels: int) -> bytes:
    level = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n'
    return HEAD + b"".join(level % (number, number) for number in range(levels)) + b"\r\nx\r\n"


@pytest.mark.parametrize("header", [b"Content-Type: text/plain", b"Content-Disposition: inline"])
def test_no_more_parameters_are_read_than_anybody_needs(header: bytes) -> None:
    """Each costs the library a copy of all that follow."""
    mail = read_mail(HEAD + header + b";a=b" * 100_000 + b"\r\n\r\nx")

    assert (mail.text, TOO_MANY in mail.defects) == ("x", True)


def test_parameters_of_an_inner_part_are_limited_as_well() -> None:
    inner = b"--b\r\nContent-Type: text/plain" + b";" * 1_000_000 + b"\r\n\r\nx\r\n--b--"

    assert TOO_MANY in read_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + inner).defects


def test_the_name_of_a_file_may_come_in_many_pieces() -> None:
    pieces = b"".join(b'; filename*%d="%03d"' % (number, number) for number in range(MAX_PARAMETERS - 10))

    [file] = read_mail(HEAD + b"Content-Disposition: attachment" + pieces + b"\r\n\r\nx").attachments

    assert file.name == "".join(f"{number:03}" for number in range(MAX_PARAMETERS - 10))


@pytest.mark.parametrize(
    "parameters",
    [
        b"boundary*" + b"9" * 6000 + b"=b",
        b"boundary*=utf-8''b; boundary*0=b",
        b"boundary*=%ff'en'b; boundary*x=c",
        b"boundary*0*=nosuch'en'b",
    ],
)
def test_parameters_that_make_no_sense_are_no_fault_of_ours(parameters: bytes) -> None:
    assert read_mail(HEAD + b"Content-Type: multipart/mixed; " + parameters + b"\r\n\r\n--b\r\n\r\nx\r\n--b--")


def test_parts_are_refused_before_they_are_too_deep_to_be_read() -> None:
    """Every level is asked about every line."""
    with pytest.raises(DeliveryTooLarge, match="nested too deep"):
        read_mail(parts_in_parts(60))


def test_mails_within_mails_have_an_end() -> None:
    with pytest.raises(DeliveryTooLarge, match="nested too deep"):
        read_mail(HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 60 + b"Subject: s\r\n\r\nx")


def test_ten_mails_within_mails_are_a_mail() -> None:
    mail = read_mail(HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 10 + b"Subject: s\r\n\r\ninner")

    assert mail.attachments[0].content.endswith(b"inner")


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_mail_has_so_many_lines(end: bytes) -> None:
    assert read_mail(HEAD + b"\r\n" + end * 1000)
    with pytest.raises(DeliveryTooLarge, match=f"{MAX_LINES} lines"):
        read_mail(HEAD + b"\r\n" + end * (MAX_LINES + 1))


def test_a_mail_has_so_many_headers() -> None:
    with pytest.raises(DeliveryTooLarge, match=f"{MAX_HEADERS} headers"):
        read_mail(b"a:b\r\n" * (MAX_HEADERS + 1) + b"\r\nx")


@pytest.mark.parametrize("written", [b"a:" * 20_000, b"a:" * 200_000, b"(" * 20_000, b"<" * 20_000])
def test_addresses_that_are_none_are_no_fault_of_ours(written: bytes) -> None:
    mail = read_mail(b"To: " + written + b"\r\nFrom: a@b.org\r\n\r\nx")

    assert mail.addresses("from") == [{"name": "", "address": "a@b.org"}]


def test_of_very_many_addresses_the_first_are_read() -> None:
    mail = read_mail(b"To: " + b"a@example.org, " * 50_000 + b"\r\n\r\nx")

    assert {each["address"] for each in mail.addresses("to")} == {"a@example.org"}
    assert "more of to than is read" in mail.defects


def test_a_charset_that_nobody_knows_is_not_remembered() -> None:
    """Python looks for a module of every name that it is asked for, and keeps the answer for ever."""
    before = len(encodings._cache)
    words = b" ".join(b"=?x-nosuch-%d?q?a?=" % number for number in range(100))
    parameters = b"text/plain; charset=x-none; name*=x-nobody''a"

    mail = read_mail(b"Subject: " + words + b"\r\nContent-Type: " + parameters + b"\r\n\r\nx")

    assert len(encodings._cache) == before
    assert "unknown charset 'x-nosuch-7'" in mail.defects


def test_a_charset_is_known_by_any_of_its_spellings() -> None:
    mail = read_mail(b"Subject: =?UTF8?q?=C3=A4?= =?utf_8?q?=C3=A4?= =?Windows-1252?q?=80?= =?KOI8-U?q?=C1?=\r\n\r\nx")

    assert mail.header("subject") == "ää€а"
