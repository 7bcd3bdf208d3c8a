"""Large attachments of mails (docs/smtp.md, "Attributes")."""

from __future__ import annotations

import pytest

from tests.transports.conftest import Front


async def test_an_attachment_is_bytes_that_no_browser_shows(front: Front) -> None:
    answered = await front.ask("GET", "/c/E/blob/known")

    assert (answered.status, answered.body) == (200, b"<b>bytes</b>")
    assert answered.header("content-type") == "application/octet-stream"
    assert (answered.header("content-disposition"), answered.header("x-content-type-options")) == (
        "attachment",
        "nosniff",
    )


@pytest.mark.parametrize(
    ("path", "status"), [("/c/E/blob/other", 404), ("/c/nosuch/blob/known", 404), ("/c/closed/blob/known", 403)]
)
async def test_who_may_not_have_it_does_not_get_it(front: Front, path: str, status: int) -> None:
    assert (await front.ask("GET", path)).status == status


async def test_it_is_only_read(front: Front) -> None:
    assert (await front.ask("POST", "/c/E/blob/known")).status == 405
