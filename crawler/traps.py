"""Addresses that never end: calendars, paths that repeat themselves, session ids. Pure functions over addresses.

A visit has few pages (`pages_per_school`); without this, one calendar or a wrong relative link could take all of them.
What a list or a person names is asked for anyhow; only what pages link to is looked at (`crawler.visits.Visit.offer`).
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

CALENDAR, REPEATED_PATH, SESSION_ID, ENDLESS_PAGING = "calendar", "repeated_path", "session_id", "endless_paging"

_LONGEST_CYCLE = 4
_REPEATS = 3
"""So often in a row no site repeats a part of a path on purpose; twice some do ("/staff/staff/")."""
_CALENDAR_WORD = re.compile(r"(?i)(?<![a-z])(?:calendars?|events?|eventdisplay|tribe[-_]bar[-_]date)(?![a-z])")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d(?:[-/_.](?:0?[1-9]|1[0-2])(?!\d)|(?:0[1-9]|1[0-2])(?:[0-3]\d)?(?!\d))")
_DAY = re.compile(r"(?<!\d)\d{1,2}[-/_.]\d{1,2}[-/_.](?:19|20)\d\d(?!\d)")
_FILE = re.compile(r"(?i)\.(?:pdf|docx?|xlsx?|csv)$")
"""A file is one of so many, wherever it lies (/uploads/2026/05/calendar-of-staff-days.pdf)."""
_PARTS_OF_DATES = frozenset({"date", "day", "month", "week", "year", "start", "end", "start_date", "cal_date"})
_SESSION_PARAMETERS = frozenset(
    {
        *("phpsessid", "jsessionid", "aspsessionid", "asp.net_sessionid", "sessionid", "session_id", "sessid", "sid"),
        *("cfid", "cftoken", "zenid", "oscsid"),
    }
)
_SESSION_IN_PATH = re.compile(r"(?i);jsessionid=[^/;?#]*|/\([a-z]\([a-z0-9]{16,}\)\)(?=/|$)")
_SESSION_VALUE = re.compile(r"[A-Za-z0-9._-]{8,}")


def trap_of(url: str) -> str | None:
    """Returns the kind of trap that an address shows to be in, or None."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    if _repeats(path):
        return REPEATED_PATH
    if _FILE.search(path):
        return None
    query = parse_qsl(parts.query, keep_blank_values=True)
    names = {name.lower() for name, _ in query}
    where = f"{path}?{unquote(parts.query)}"
    dated = _DATE.search(where) or _DAY.search(where) or len(names & _PARTS_OF_DATES) > 0
    if {"month", "year"} <= names or (dated and _CALENDAR_WORD.search(where)):
        return CALENDAR
    return None


def without_session(url: str) -> str:
    """Returns an address without the session id that a server put into it: what it gives each visitor anew."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in query if not _is_session(name, value)]
    path = _SESSION_IN_PATH.sub("", parts.path)
    if len(kept) == len(query) and path == parts.path:
        return url
    return urlunsplit(parts._replace(path=path, query=urlencode(kept)))


def _is_session(name: str, value: str) -> bool:
    plain = name.lower()
    known = plain in _SESSION_PARAMETERS or plain.startswith("aspsessionid")
    # "sid=12" is a school or a section; a session is longer, and has digits.
    return known and _SESSION_VALUE.fullmatch(value) is not None and any(char.isdigit() for char in value)


def _repeats(path: str) -> bool:
    """Whether some segments of a path stand there several times in a row: /a/b/a/b/a/b."""
    segments = [part.lower() for part in path.split("/") if part]
    for length in range(1, min(_LONGEST_CYCLE, len(segments) // _REPEATS) + 1):
        for start in range(len(segments) - _REPEATS * length + 1):
            cycle = segments[start : start + length]
            if segments[start : start + _REPEATS * length] == cycle * _REPEATS:
                return True
    return False
