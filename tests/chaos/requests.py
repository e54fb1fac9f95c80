"""Which pages were asked for again: the web's own log of a disturbed run beside that of an undisturbed one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from tests.school_web.audit import read_log
from tests.school_web.truth import Truth


class Asked(msgspec.Struct, frozen=True):
    """Requests by what they were for, each address with its number."""

    pages: dict[str, int]
    robots: dict[str, int]
    searches: dict[str, int]


class Again(msgspec.Struct, frozen=True):
    """Requests of a disturbed run beyond those of an undisturbed one."""

    pages: int
    share: float
    """Of the pages of the undisturbed run."""
    robots: int
    searches: int
    most: tuple[tuple[str, int], ...]
    """The pages asked for most often beyond."""


def asked(log_path: Path, truth: Truth) -> Asked:
    """Counts the requests of a log. Answers that ask to come again (429) are left out: they are no page."""
    counts: dict[str, Counter[str]] = {"pages": Counter(), "robots": Counter(), "searches": Counter()}
    for request in read_log(log_path):
        host = truth.hosts.get(request.host)
        kind = "searches" if host and host.is_api else "robots" if request.path == "/robots.txt" else "pages"
        if request.status != 429:
            counts[kind][request.host + request.path] += 1
    return Asked(**counts)


def asked_again(undisturbed: Asked, disturbed: Asked) -> Again:
    """Compares two runs address by address; an address that only the disturbed one knows counts in full."""
    pages = Counter(disturbed.pages) - Counter(undisturbed.pages)
    total = sum(undisturbed.pages.values())
    return Again(
        pages=pages.total(),
        share=round(pages.total() / total, 4) if total else 0.0,
        robots=(Counter(disturbed.robots) - Counter(undisturbed.robots)).total(),
        searches=(Counter(disturbed.searches) - Counter(undisturbed.searches)).total(),
        most=tuple(pages.most_common(10)),
    )
