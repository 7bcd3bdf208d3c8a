"""When something that repeats is due next: a specification and an instant give an instant."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.timers.recurrence import BadRecurrence, instant_ms, local_zone, next_due

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
START = "2024-05-15T10:20:30"  # a Wednesday


def due(spec, after=START, zone=UTC_ZONE, times=1):
    """The instants that follow, in the zone, as text; None at their end."""
    moment = int(datetime.fromisoformat(after).replace(tzinfo=zone).timestamp() * 1000)
    found = []
    for _ in range(times):
        moment = next_due(spec, moment, zone)
        if moment is None:
            found.append(None)
            break
        found.append(datetime.fromtimestamp(moment / 1000, zone).strftime("%Y-%m-%d %H:%M:%S"))
    return found if times > 1 else found[0]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * *", "2024-05-15 10:21:00"),
        ("* * * * * *", "2024-05-15 10:20:31"),
        ("30 * * * *", "2024-05-15 10:30:00"),
        ("20 * * * *", "2024-05-15 11:20:00"),
        ("*/15 * * * *", "2024-05-15 10:30:00"),
        ("5/20 * * * *", "2024-05-15 10:25:00"),
        ("10-30/5 * * * *", "2024-05-15 10:25:00"),
        ("0 9,17 * * *", "2024-05-15 17:00:00"),
        ("0 7 * * mon-fri", "2024-05-16 07:00:00"),
        ("0 7 * * MON", "2024-05-20 07:00:00"),
        ("0 7 * * 0", "2024-05-19 07:00:00"),
        ("0 7 * * 7", "2024-05-19 07:00:00"),
        ("0 0 1 jan *", "2025-01-01 00:00:00"),
        ("0 0 1 Feb-APR *", "2025-02-01 00:00:00"),
        ("0 0 L * *", "2024-05-31 00:00:00"),
        ("0 0 * * 5L", "2024-05-31 00:00:00"),
        ("0 0 * * 1#2", "2024-06-10 00:00:00"),
        ("0 0 ? * 3", "2024-05-22 00:00:00"),
        ("0 0 1 * ?", "2024-06-01 00:00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00:00"),
        ("0 0 7 * * mon-fri", "2024-05-16 07:00:00"),
        ("15,45 20 10 * * *", "2024-05-15 10:20:45"),
        ("@hourly", "2024-05-15 11:00:00"),
        ("@daily", "2024-05-16 00:00:00"),
        ("@weekly", "2024-05-19 00:00:00"),
        ("@monthly", "2024-06-01 00:00:00"),
        ("@yearly", "2025-01-01 00:00:00"),
        ("  0   12 * *  * ", "2024-05-15 12:00:00"),
    ],
)
def test_cron_texts(cron, expected):
    assert due(cron) == expected


def test_a_day_that_fits_either_day_field_matches():
    assert due("0 0 20 * fri", times=3) == ["2024-05-17 00:00:00", "2024-05-20 00:00:00", "2024-05-24 00:00:00"]


def test_fewer_than_five_fields_are_the_rightmost_ones():
    assert due("12 * * *") == due("* 12 * * *")


def test_an_instant_that_has_begun_is_past():
    half_past = int(datetime(2024, 5, 15, 10, 30, tzinfo=UTC).timestamp() * 1000)

    assert next_due("30 10 * * *", half_past, UTC_ZONE) == half_past + 24 * 3600 * 1000
    assert next_due("30 10 * * *", half_past - 1, UTC_ZONE) == half_past


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"minute": 30}, "2024-05-15 10:30:00"),
        ({"second": 40}, "2024-05-15 10:20:40"),
        ({"hour": [9, 17], "minute": 0}, "2024-05-15 17:00:00"),
        ({"month": 0, "date": 1, "hour": 0, "minute": 0}, "2025-01-01 00:00:00"),
        ({"month": 11, "date": 24, "hour": 0, "minute": 0}, "2024-12-24 00:00:00"),
        ({"dayOfWeek": [1, 5], "hour": 8, "minute": 0}, "2024-05-17 08:00:00"),
        ({"dayOfWeek": 0, "hour": 8, "minute": 0}, "2024-05-19 08:00:00"),
        ({"year": 2026, "month": 6, "date": 4, "hour": 12, "minute": 0}, "2026-07-04 12:00:00"),
        ({"hour": 3, "minute": 0, "tz": "Asia/Tokyo"}, "2024-05-15 18:00:00"),
        ({"rule": "0 12 * * *"}, "2024-05-15 12:00:00"),
        ({"rule": "0 12 * * *", "start": "2024-06-01T00:00:00Z"}, "2024-06-01 12:00:00"),
        ({"rule": "0 12 * * *", "start": "2024-06-01T12:00:00Z"}, "2024-06-01 12:00:00"),
        ({"rule": {"hour": 12, "minute": 0}, "tz": "America/New_York"}, "2024-05-15 16:00:00"),
        ({"rule": {"hour": 12, "minute": 0, "tz": "America/New_York"}}, "2024-05-15 16:00:00"),
    ],
)
def test_maps(given, expected):
    assert due(given) == expected


def test_an_absent_second_is_zero_and_any_other_absent_member_is_any():
    assert due({"hour": 10}, times=2) == ["2024-05-15 10:21:00", "2024-05-15 10:22:00"]


def test_nothing_comes_after_the_end():
    spec = {"rule": "0 12 * * *", "end": "2024-05-16T12:00:00Z"}

    assert due(spec, times=4) == ["2024-05-15 12:00:00", "2024-05-16 12:00:00", None]


def test_a_year_that_is_over_never_comes():
    assert due({"year": 2023, "minute": 0}) is None


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "61 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "60 * * * * *",
        "a b c d e",
        "* * * * * * *",
        "@sometimes",
        "2024-06-01",
        {},
        {"second": None},
        {"hour": 24},
        {"hour": -1},
        {"hour": 1.5},
        {"hour": True},
        {"hour": "12"},
        {"hour": []},
        {"month": 12},
        {"date": 0},
        {"dayOfWeek": 8},
        {"year": 12},
        {"minute": 0, "tz": "Mars/Olympus"},
        {"rule": "0 12 * * *", "start": "whenever"},
        {"rule": 5},
        {"rule": None},
        5,
        None,
        True,
        ["* * * * *"],
    ],
)
def test_what_is_no_specification_is_refused(spec):
    with pytest.raises(BadRecurrence):
        due(spec)


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4,6,9,11 *"])
def test_a_date_that_no_year_has_never_comes(cron):
    with pytest.raises(BadRecurrence):
        due(cron)


# --- daylight saving: Berlin goes from 2:00 to 3:00 on 31 March 2024, and from 3:00 to 2:00 on 27 October ---


def test_a_daily_time_that_spring_skips_comes_when_the_gap_is_over():
    assert due("30 2 * * *", "2024-03-30T12:00", BERLIN, 2) == ["2024-03-31 03:00:00", "2024-04-01 02:30:00"]


def test_a_daily_time_that_autumn_doubles_comes_once():
    assert due("30 2 * * *", "2024-10-26T12:00", BERLIN, 2) == ["2024-10-27 02:30:00", "2024-10-28 02:30:00"]


def test_a_daily_time_does_not_come_again_in_the_second_pass_of_the_doubled_hour():
    second_pass = int(datetime(2024, 10, 27, 1, 10, tzinfo=UTC).timestamp() * 1000)  # 2:10 for the second time

    found = next_due("30 2 * * *", second_pass, BERLIN)

    assert datetime.fromtimestamp(found / 1000, BERLIN).day == 28


def test_six_fields_with_second_0_know_daylight_saving_too():
    assert due("0 30 2 * * *", "2024-03-30T12:00", BERLIN) == "2024-03-31 03:00:00"


def test_every_hour_is_an_hour_apart_in_spring():
    assert due("0 * * * *", "2024-03-31T00:30", BERLIN, 3) == [
        "2024-03-31 01:00:00",
        "2024-03-31 03:00:00",
        "2024-03-31 04:00:00",
    ]


def test_every_hour_is_an_hour_apart_in_autumn():
    after = int(datetime(2024, 10, 26, 23, 30, tzinfo=UTC).timestamp() * 1000)  # 1:30 in Berlin
    found = []
    for _ in range(4):
        after = next_due("0 * * * *", after, BERLIN)
        found.append(datetime.fromtimestamp(after / 1000, UTC).hour)

    assert found == [0, 1, 2, 3]


def test_noon_stays_noon_over_both_changes():
    spring, autumn = (due("0 12 * * *", day, BERLIN) for day in ("2024-03-30T12:00", "2024-10-26T12:00"))

    assert (spring, autumn) == ("2024-03-31 12:00:00", "2024-10-27 12:00:00")


def test_the_map_form_follows_the_zone_it_names():
    after = int(datetime(2024, 3, 30, 12, tzinfo=UTC).timestamp() * 1000)

    found = next_due({"hour": 12, "minute": 0, "tz": "Europe/Berlin"}, after, UTC_ZONE)

    assert datetime.fromtimestamp(found / 1000, UTC).hour == 10  # summer time has begun


def test_without_a_zone_the_machines_own_counts(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    midnight = int(datetime(2024, 5, 15, tzinfo=UTC).timestamp() * 1000)

    found = next_due("0 12 * * *", midnight)

    assert datetime.fromtimestamp(found / 1000, UTC).hour == 3


def test_a_machine_that_names_no_zone_we_know_lives_by_utc(monkeypatch):
    monkeypatch.setenv("TZ", "Mars/Olympus")

    assert local_zone() == UTC_ZONE


# --- single instants -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1_700_000_000_000, 1_700_000_000_000),
        (0, 0),
        (1.5, 1),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.000Z", 1_700_000_000_000),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000_000),
        (" 2023-11-14T22:13:20Z ", 1_700_000_000_000),
        ("2023-11-14", 1_699_920_000_000),
        ("tomorrow", None),
        ("", None),
        (None, None),
        (True, None),
        ([], None),
        (float("inf"), None),
        (float("nan"), None),
        (1e300, None),
    ],
)
def test_instants(given, expected):
    assert instant_ms(given) == expected


def test_a_bare_date_is_utc_and_a_time_without_zone_is_local(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    assert instant_ms("2024-05-15") == instant_ms("2024-05-15T00:00:00Z")
    assert instant_ms("2024-05-15T09:00:00") == instant_ms("2024-05-15T00:00:00Z")
