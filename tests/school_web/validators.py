"""What the hosts of the simulated web print beside their pages, and when they say that one has not changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final, Literal
from zlib import crc32

Manner = Literal["both", "etag", "weak", "date", "none"]
"""What a host prints: a strong ETag and a date, one of the two, a weak ETag, or nothing."""

_MANNERS: Final[tuple[Manner, ...]] = ("both", "date", "etag", "weak", "weak", "date", "etag", "none")
FOUNDED: Final = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
"""When every page was saved that nobody has saved since."""


def manner(host: str) -> Manner:
    """What a host prints; its name decides."""
    return _MANNERS[crc32(host.encode()) % len(_MANNERS)]


def validators(host: str, body: bytes, saved: datetime = FOUNDED) -> dict[str, str]:
    """The headers that a host prints with a page, which was saved at a time of whole seconds."""
    tag, date = f'"{hashlib.sha1(body).hexdigest()[:16]}"', format_datetime(saved, usegmt=True)
    match manner(host):
        case "both":
            return {"ETag": tag, "Last-Modified": date}
        case "etag":
            return {"ETag": tag}
        case "weak":
            return {"ETag": f"W/{tag}"}
        case "date":
            return {"Last-Modified": date}
        case "none":
            return {}


def is_unchanged(asked: Mapping[str, str], printed: Mapping[str, str]) -> bool:
    """Whether the conditions of a request say that who asks has this very page (RFC 9110, 13.1 and 13.2.2).

    Args:
        asked: Headers of the request; the date counts only where no tag was sent.
        printed: What `validators` says.
    """
    if "If-None-Match" in asked:
        tags = [tag.strip().removeprefix("W/") for tag in asked["If-None-Match"].split(",")]
        return "*" in tags or printed.get("ETag", "").removeprefix("W/") in tags
    if "If-Modified-Since" in asked and "Last-Modified" in printed:
        since, saved = (parsedate_to_datetime(date) for date in (asked["If-Modified-Since"], printed["Last-Modified"]))
        return saved <= since
    return False
