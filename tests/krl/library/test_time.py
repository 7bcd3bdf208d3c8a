"""`time`: what texts are dates, arithmetic, formats; against Python's datetime where that reaches."""

import time as process_time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from krl.errors import KRLError, KRLLimitError, KRLTypeError, KRLValueError
from krl.library.instants import DAY, LAST, civil, instant_of, iso, read
from krl.runtime.host import Limits
from tests.krl.library.hosting import Clockwork, use

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
TODAY = 1_700_000_000_000  # 2023-11-14T22:13:20Z


@pytest.fixture
def zone(monkeypatch):
    """Puts the process into a time zone, and back."""

    def set_zone(name):
        monkeypatch.setenv("TZ", name)
        process_time.tzset()

    yield set_zone
    monkeypatch.undo()
    process_time.tzset()


@pytest.fixture(autouse=True)
def utc(zone):
    zone("UTC")


# --- reading ---


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2019-11-30", "2019-11-30T00:00:00.000Z"),
        ("\t\ufeff 2019-11-30", "2019-11-30T00:00:00.000Z"),
        ("2019-11", "2019-11-01T00:00:00.000Z"),
        ("201911", "2019-11-01T00:00:00.000Z"),
        ("2019", "2019-01-01T00:00:00.000Z"),
        ("20191130T1415", "2019-11-30T14:15:00.000Z"),
        ("20191130 141516,5+0100", "2019-11-30T13:15:16.500Z"),
        ("2019-11-30T14+02", "2019-11-30T12:00:00.000Z"),
        ("2019-11-30T14:15:16.0009Z", "2019-11-30T14:15:16.000Z"),
        ("2019-11-30T14:15 \tZ", "2019-11-30T14:15:00.000Z"),
        ("2019-11-30T24:00", "2019-12-01T00:00:00.000Z"),
        ("2020-366", "2020-12-31T00:00:00.000Z"),
        ("2020366T1200", "2020-12-31T12:00:00.000Z"),
        ("2019-W01", "2018-12-31T00:00:00.000Z"),
        ("2019-W01-7T10:00", "2019-01-06T10:00:00.000Z"),
        ("2019W017", "2019-01-06T00:00:00.000Z"),
        ("+002019-11-30", "2019-11-30T00:00:00.000Z"),
        ("-0000011130", "-000001-11-30T00:00:00.000Z"),
        ("0000-02-29", "0000-02-29T00:00:00.000Z"),
        ("+275760-09-13", "+275760-09-13T00:00:00.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1.9, "1969-12-31T23:59:59.999Z"),
        ("07:08", "2023-11-14T07:08:00.000Z"),
        ("07:08:09.5+01:00", "2023-11-14T06:08:09.500Z"),
        ("070809Z", "2023-11-14T07:08:09.000Z"),
        ("070809.25", "2023-11-14T07:08:09.250Z"),
        ("0708Z", "2023-11-14T07:08:00.000Z"),
        ("07Z", "2023-11-14T07:00:00.000Z"),
    ],
)
def test_date_is_read(date, expected):
    assert use("time:new", date, h=Clockwork(now=TODAY)) == expected


@pytest.mark.parametrize(
    "date",
    [
        "2019-11-31",
        "2019-02-29",
        "2019-13",
        "2019-00-01",
        "2019-1-1",
        "2019-366",
        "2019-000",
        "2019-W53",
        "2019-W00",
        "2019-W01-0",
        "2019-W01-8",
        "2019-11-30 ",
        "2019-11-30T",
        "2019-11-30T14:60",
        "2019-11-30T14:15:60",
        "2019-11-30T24:00:00.001",
        "2019-11-30T25",
        "2019-11T14:15",
        "2019T14:15",
        "2019-W01T14:15",
        "2019-11-30T1415",
        "20191130T14:15",
        "2019-1130",
        "2019-11-30Z",
        "2019-11-30T14:15:16.",
        "2019-11-30T14:15:16.5GMT",
        "+275760-09-14",
        "-271821-04-19",
        "２０１９-11-30",
        "2021-0304",
        "0708+02:00",
        "24:01",
        "7:08",
        "Thu, 04 Mar 2021 05:06:07 GMT",
    ],
)
def test_text_is_no_date(date):
    with pytest.raises(KRLValueError) as caught:
        use("time:new", date)

    assert caught.value.message == f"time:new was given an invalid date string ({date})"


@pytest.mark.parametrize("date", [True, [1], {"a": 1}, 8.64e15 + 1, 1e300, float("inf")])
def test_other_value_is_no_date(date):
    with pytest.raises(KRLTypeError, match="instead of a date string"):
        use("time:new", date)


def test_clock_is_asked_only_for_a_time_without_a_date():
    h = Clockwork()

    use("time:new", "2019-11-30", h=h)
    assert h.asked_the_time == 0
    use("time:new", "07:08", h=h)
    assert h.asked_the_time == 1


@given(moments)
def test_iso_texts_are_python_s(moment):
    instant = (moment - EPOCH) // timedelta(milliseconds=1)

    assert iso(instant) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@given(st.integers(-LAST, LAST))
def test_every_instant_is_read_as_it_is_written(instant):
    assert read(iso(instant), lambda: 0) == (instant, True)
    assert instant_of(civil(instant)) == instant


@given(st.dates())
def test_weeks_and_days_of_the_year_are_python_s(day):
    year, week, weekday = day.isocalendar()
    expected = (day - date(1970, 1, 1)).days * DAY

    assert read(f"{day.year:04}-{day.timetuple().tm_yday:03}", lambda: 0) == (expected, False)
    if year > 0:
        assert read(f"{year:04}-W{week:02}-{weekday}", lambda: 0) == (expected, False)


# --- now ---


def test_now_is_the_host_s_and_in_utc_whatever_the_options(zone):
    zone("Asia/Tokyo")

    assert use("time:now", {"tz": "Asia/Tokyo"}, h=Clockwork(now=TODAY)) == "2023-11-14T22:13:20.000Z"
    assert use("time:now", None, h=Clockwork(now=TODAY)) == "2023-11-14T22:13:20.000Z"


def test_now_wants_a_map_of_options():
    with pytest.raises(KRLTypeError, match="time:now was given tz instead of an opts map"):
        use("time:now", "tz")


# --- arithmetic ---


@pytest.mark.parametrize(
    ("date", "spec", "expected"),
    [
        ("2019-11-30", {"months": 3}, "2020-02-29T00:00:00.000Z"),
        ("2019-12-31", {"QUARTERS": -1}, "2019-09-30T00:00:00.000Z"),
        ("2019-11-30", {"month": 1.5}, "2020-01-30T00:00:00.000Z"),
        ("2019-11-30", {"month": -1.5}, "2019-09-30T00:00:00.000Z"),
        ("2019-11-30", {"day": 0.4}, "2019-11-30T00:00:00.000Z"),
        ("2019-11-30", {"weeks": 0.5}, "2019-12-04T00:00:00.000Z"),
        ("2019-01-31", {"months": 1, "days": 1}, "2019-03-01T00:00:00.000Z"),
        ("2019-11-30", {"m": 1, "M": 1}, "2019-12-30T00:01:00.000Z"),
        ("2019-11-30", {"minute": 90, "second": -0.5}, "2019-11-30T01:29:59.500Z"),
        ("2019-11-30", {"ms": 0.9}, "2019-11-30T00:00:00.000Z"),
        ("2019-11-30", {"H": 1, "fortnight": 1, "": 1, "s s": 2}, "2019-11-30T00:00:00.000Z"),
        ("2019-11-30", {"hours": "0x10", "d": " 2 ", "w": [1], "y": None}, "2019-12-02T16:00:00.000Z"),
        ("2019-11-30", {"hours": 1, "h": 2}, "2019-11-30T02:00:00.000Z"),
        ("2019-11-30", {"h": 2, "hours": 1}, "2019-11-30T01:00:00.000Z"),
        (2019, {"d": 1}, "2019-01-02T00:00:00.000Z"),
        ("2019-11-30T00:00-02:00", {"d": 1}, "2019-12-01T02:00:00.000Z"),
    ],
)
def test_add(date, spec, expected):
    assert use("time:add", date, spec) == expected


@pytest.mark.parametrize("spec", [{"years": 300_000}, {"days": -1e300}, {"ms": 1e308}, {"y": 1e308}, {"y": 2**53}])
def test_beyond_all_dates_is_null(spec):
    assert use("time:add", "2019-11-30", spec) is None


@given(moments, st.integers(-100_000, 100_000), st.integers(-(10**9), 10**9))
def test_days_and_milliseconds_are_python_s(moment, days, milliseconds):
    try:
        expected = moment + timedelta(days=days, milliseconds=milliseconds)
    except OverflowError:
        return

    added = use("time:add", moment.isoformat(), {"days": days, "ms": milliseconds})

    assert added == expected.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- what is wrong with the arguments ---


@pytest.mark.parametrize(
    ("member", "args", "message"),
    [
        ("time:new", (None,), "time:new needs a date string"),
        ("time:new", (False,), "time:new needs a date string"),
        ("time:add", (0, {"d": 1}), "time:add needs a date string"),
        ("time:add", ("x", None), "time:add needs a spec map"),
        ("time:add", ("x", [1]), "time:add was given an invalid date string (x)"),
        ("time:add", ("2019", [1]), "time:add was given [Array] instead of a spec map"),
        ("time:add", (123456789, {"d": 1}), "time:add was given 123456789 instead of a date string"),
        ("time:strftime", ("x", ""), "time:strftime needs a fmt string"),
        ("time:strftime", ([], 5), "time:strftime was given [Array] instead of a date string"),
        ("time:strftime", ("2019", 5), "time:strftime was given 5 instead of a fmt string"),
    ],
)
def test_argument_errors_come_in_order(member, args, message):
    with pytest.raises(KRLError) as caught:
        use(member, *args)

    assert caught.value.message == message


# --- strftime ---


@pytest.mark.parametrize(
    ("fmt", "expected"),
    [
        ("%C|%y|%Y", "20|19|2019"),
        ("%e|%-e|%0e|%_d|%-d", " 2|2|02| 2|2"),
        ("%I|%l|%k|%-H|%p|%P", "03| 3|15|15|PM|pm"),
        ("%c", "Sat 02 Nov 2019 03:04:05 PM UTC"),
        ("%v|%F|%D|%x", " 2-Nov-2019|2019-11-02|11/02/19|11/02/19"),
        ("%r|%X|%R|%T", "03:04:05 PM|03:04:05 PM|15:04|15:04:05"),
        ("%j|%-j|%L|%_L|%o", "306|306|007|007|2nd"),
        ("%U|%W|%u|%w", "43|43|6|6"),
        ("%z|%:z|%s", "+0000|+00:00|1572707045"),
        ("%%|%-%|%n|%t", "%|%|\n|\t"),
        ("%q|%V|%é|100%", "%q|%V|%é|100"),
        ("%-", ""),
    ],
)
def test_strftime(fmt, expected):
    assert use("time:strftime", "2019-11-02T15:04:05.007Z", fmt) == expected


@pytest.mark.parametrize(("day", "expected"), [(1, "1st"), (3, "3rd"), (12, "12th"), (13, "13th"), (23, "23rd")])
def test_strftime_ordinals(day, expected):
    assert use("time:strftime", f"2019-11-{day:02}", "%o") == expected


@given(moments.filter(lambda at: at.year >= 1000))
def test_common_codes_are_python_s(moment):
    codes = "%A %a %B %b %d %H %I %M %S %j %m %p %U %W %u %w %y %Y"

    assert use("time:strftime", moment.isoformat(), codes) == moment.strftime(codes)


def test_strftime_is_in_the_zone_of_the_process(zone):
    zone("America/St_Johns")

    shown = use("time:strftime", "2019-07-02T01:00:00Z", "%F %R %z %:z %Z %j")

    assert shown == "2019-07-01 22:30 -0230 -02:30 NDT 182"


@pytest.mark.parametrize("month", ["01", "07"])
def test_date_without_zone_is_local_in_strftime_only(zone, month):
    zone("Europe/Berlin")

    assert use("time:strftime", f"2019-{month}-02T10:00", "%R") == "10:00"
    assert use("time:new", f"2019-{month}-02T10:00") == f"2019-{month}-02T10:00:00.000Z"


def test_format_that_would_grow_beyond_the_limit_is_refused():
    with pytest.raises(KRLLimitError, match="max_text_units"):
        use("time:strftime", "2019", "%c" * 40_000)


def test_format_codes_are_counted_as_steps():
    h = Clockwork()
    h.limits, h.steps = Limits(), 10

    with pytest.raises(KRLLimitError, match="max_steps"):
        use("time:strftime", "2019", "%d" * 11, h=h)


# --- whatever comes ---

pieces = st.sampled_from(
    [*"0123456789+-:.,TWZ% \n_dcFszq", "2019", "2019-11-30", "T10:00", "W01", "366", "１", "\ufeff"]
)
nearly_dates = st.lists(pieces, max_size=14).map("".join)
values = st.none() | st.booleans() | st.floats() | st.integers(-(2**53), 2**53) | nearly_dates | st.text()


@given(nearly_dates)
@example("9" * 5000)
@example("2019-11-30T10:00:00." + "9" * 5000 + "x")
@example(" " * 5000 + "x")
def test_reading_gives_a_date_in_range_or_an_error(date):
    try:
        result = use("time:new", date)
    except KRLValueError:
        return

    assert use("time:new", result) == result


@given(values, st.dictionaries(st.sampled_from(["y", "Q", "M", "w", "day", "hours", "m", "ms", "?"]), values))
def test_adding_gives_a_date_null_or_an_error(date, spec):
    try:
        result = use("time:add", date, spec)
    except KRLError:
        return

    assert result is None or use("time:new", result) == result


@given(values, nearly_dates)
def test_formatting_gives_a_text_or_an_error(date, fmt):
    try:
        result = use("time:strftime", date, fmt)
    except KRLError:
        return

    assert isinstance(result, str)
