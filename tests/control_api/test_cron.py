"""Cron lines as times: what the clock's changes do to them, and which texts are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_api.schedules.cron import CronLineError, TimeZoneError, cron_times

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("line", "behind", "expected"),
    [
        # 8 March 2026: 02:00 EST becomes 03:00 EDT.
        ("30 2 * * *", "2026-03-07T12:00-05:00", ["2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"]),
        ("0 * * * *", "2026-03-08T01:30-05:00", ["2026-03-08T03:00-04:00", "2026-03-08T04:00-04:00"]),
        # 1 November 2026: 02:00 EDT becomes 01:00 EST.
        ("30 1 * * *", "2026-10-31T12:00-04:00", ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"]),
        ("30 1 * * *", "2026-11-01T01:10-05:00", ["2026-11-02T01:30-05:00", "2026-11-03T01:30-05:00"]),
        ("0 * * * *", "2026-11-01T00:30-04:00", ["2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00"]),
        ("30 6 * * 1-5", "2026-11-20T06:30-05:00", ["2026-11-23T06:30-05:00", "2026-11-24T06:30-05:00"]),
    ],
)
def test_times_where_the_clock_changes(line: str, behind: str, expected: list[str]) -> None:
    times = cron_times(line, "America/New_York").after(datetime.fromisoformat(behind), 2)
    assert [time.isoformat(timespec="minutes") for time in times] == expected


def test_the_latest_time_in_the_hour_that_comes_twice_is_not_of_the_day_before() -> None:
    times = cron_times("30 1 * * *", "America/New_York")
    fired = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)
    assert times.latest(datetime.fromisoformat("2026-11-01T01:10-05:00"), since=fired) == fired


@given(
    line=st.sampled_from(["30 2 * * *", "*/7 * * * *", "15 1 * * *", "0 0 29 2 *", "5 */3 * * mon", "0 12 L * *"]),
    zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    moment=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  in UTC
)
def test_times_rise_and_the_latest_is_the_last_of_those_that_have_come(line: str, zone: str, moment: datetime) -> None:
    times = cron_times(line, zone)
    first, second = times.after(moment, 2)
    assert moment < first < second
    assert times.latest(first, since=first) == first
    assert times.latest(second - timedelta(seconds=1), since=first) == first
    assert times.latest(second, since=first) == second


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("@daily", "five fields"),
        ("* * * * * *", "this one has 6"),
        ("61 * * * *", "bad minute"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 24 * * *", "bad hour"),
        ("0 0 * * 2-1", "bad day-of-week"),
    ],
)
def test_a_text_that_is_no_cron_line(line: str, words: str) -> None:
    with pytest.raises(CronLineError, match=words):
        cron_times(line, "UTC")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "america/new_york", "../etc/passwd", "America"])
def test_a_text_that_names_no_time_zone(zone: str) -> None:
    with pytest.raises(TimeZoneError, match="America/Chicago"):
        cron_times("0 0 * * *", zone)


@given(st.text(alphabet="0123456789*/,-L#W MONsun", max_size=30))
def test_no_text_is_anything_but_a_line_or_refused(text: str) -> None:
    try:
        times = cron_times(text, "UTC")
    except CronLineError:
        return
    assert times.after(datetime(2026, 1, 1, tzinfo=UTC))
