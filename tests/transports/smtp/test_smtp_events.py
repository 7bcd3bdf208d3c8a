"""An event is the same however it travels, and large attachments are where they belong."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

from engine import AttachmentNotFound, Chance, Delivery, Settings, dumps
from tests.engine.conftest import Clock, TestPico, eventually
from tests.transports.smtp.post import SENDER, Post, mail, post
from transports.smtp.event_mail import event_address, event_mail

SENSOR = """
ruleset sensor {
  meta { shares state }
  global { state = function() { {"last": ent:last, "count": ent:count} } }
  rule heartbeat {
    select when sensor heartbeat temperature re#^(\\d+)$# setting(degrees)
    send_directive("seen", {"degrees": degrees.as("Number")})
    fired {
      ent:last := event:attrs.filter(function(v, k) { k == "temperature" || k == "place" })
      ent:count := ent:count.defaultsTo(0) + 1
    }
  }
}
"""
HEARTBEAT = {"temperature": "21", "place": "Küche & Bad"}


async def child(there: Post) -> TestPico:
    root = TestPico(there.engine, there.engine.ui_context()["eci"])
    sensor = await root.child("sensor")
    await sensor.install(SENSOR)
    return sensor


def directives(there: Post, eid: str) -> Any:
    row = there.engine._store.log_by_eid(eid)
    assert row is not None
    return row.response


async def test_a_heartbeat_by_mail_is_one_by_http() -> None:
    async with post() as there:
        by_http, by_mail = await child(there), await child(there)
        delivery = Delivery(
            "http", by_http.eci, ("event", "sensor", "heartbeat"), dumps(HEARTBEAT), "application/json", decoder="http"
        )
        address = event_address(by_mail.eci, "sensor", "heartbeat", "h")

        receipt = await there.engine.accept(delivery)
        code, text = await there.send(event_mail(address, SENDER, HEARTBEAT, "<1@x>"), address)

        assert code == 250
        state = {"last": HEARTBEAT, "count": 1}
        assert await eventually(lambda: by_http.query("sensor", "state"), state) == state
        assert await eventually(lambda: by_mail.query("sensor", "state"), state) == state
        eid = text.split()[1]
        same = directives(there, eid).replace(eid.encode(), receipt.eid.encode())
        assert same == directives(there, receipt.eid)


async def test_a_large_attachment_can_be_had_by_its_ref() -> None:
    content = b"x" * 100_000
    lines = base64.encodebytes(content).replace(b"\n", b"\r\n")
    headers = ("Content-Disposition: attachment; filename=a", "Content-Transfer-Encoding: base64")
    async with post() as there:
        await there.send(mail(*headers, body=lines.decode().replace("\r\n", "\n")))

        [facts] = (await there.last())["attachments"]
        assert (facts["ref"], facts["size"], "content" in facts) == (sha256(content).hexdigest(), 100_000, False)
        assert await there.engine.attachment(there.pico.eci, facts["ref"]) == content


async def test_a_large_attachment_goes_when_its_time_is_over() -> None:
    clock = Clock()
    lines = base64.encodebytes(b"x" * 100_000).decode()
    headers = ("Content-Disposition: attachment", "Content-Transfer-Encoding: base64")
    settings = Settings(attachment_seconds=3600.0)
    async with post(engine=settings, chance=Chance(now=clock, sleep=clock.sleep)) as there:
        await there.send(mail(*headers, body=lines))
        [facts] = (await there.last())["attachments"]
        clock.advance(3601)

        async def kept() -> bool:
            clock.advance(61)  # the next round of the retention
            try:
                return bool(await there.engine.attachment(there.pico.eci, facts["ref"]))
            except AttachmentNotFound:
                return False

        assert await eventually(kept, False) is False
