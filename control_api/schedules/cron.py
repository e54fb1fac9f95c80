"""A cron line in a time zone as times: the next ones, and the last one before a moment. Pure.

The five fields and the clock changes are those of Debian's cron, as the library cronsim has them. A line that names its
hours and minutes runs once a day whatever the clock does: a time that the spring leaves out runs when the gap ends, and
one that the autumn has twice runs the first time. A line with a star for minutes or hours goes by the time that passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

FIELDS = ("minute", "hour", "day of month", "month", "day of week")


class CronLineError(ValueError):
    """A text that is no cron line; the message says what is wrong."""


class TimeZoneError(ValueError):
    """A text that names no time zone."""


@dataclass(frozen=True, slots=True)
class CronTimes:
    """The times of a cron line; make it with `cron_times`."""

    line: str
    zone: ZoneInfo

    def after(self, moment: datetime, count: int = 1) -> list[datetime]:
        """The next `count` times behind a moment, in the line's own zone."""
        # The library may begin with a time that the autumn's second hour has left behind already.
        return list(islice((time for time in self._walk(moment) if time > moment), count))

    def latest(self, moment: datetime, *, since: datetime) -> datetime:
        """The last time up to a moment; `since` is a time of the line before it."""
        # Backwards a walk begins before its second; a part of the next second makes it begin with this one.
        start = moment.astimezone(self.zone).replace(microsecond=1)
        before = next((time for time in CronSim(self.line, start, reverse=True) if time <= moment), since)
        return max(before, since)

    def _walk(self, moment: datetime) -> Iterator[datetime]:
        return CronSim(self.line, moment.astimezone(self.zone))


@cache
def _zones() -> set[str]:
    return available_timezones()


def cron_times(line: str, zone: str) -> CronTimes:
    """The times of `line` in the IANA time zone `zone`.

    Raises:
        CronLineError: the line is none, or its time never comes.
        TimeZoneError: there is no such zone.
    """
    if zone not in _zones():
        raise TimeZoneError(f"There is no time zone {zone!r}. Name one as IANA does, such as America/Chicago or UTC.")
    fields = line.split()
    if len(fields) != len(FIELDS):
        raise CronLineError(
            f"A cron line has five fields ({', '.join(FIELDS)}), such as `30 6 * * 1-5`; this one has {len(fields)}."
        )
    times = CronTimes(" ".join(fields), ZoneInfo(zone))
    try:
        coming = times.after(datetime.now(UTC))
    except (CronSimError, ValueError) as error:
        raise CronLineError(
            f"{line!r} is no cron line: {str(error)[:1].lower()}{str(error)[1:]}. Its fields are {', '.join(FIELDS)}."
        ) from error
    if not coming:
        raise CronLineError(f"The time of {line!r} never comes.")
    return times
