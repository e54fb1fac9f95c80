"""Feeds of a crawl by hand: flat rows a person can use, instead of the items that the database stores.

    staff_directory -O staff.json       one row a person
    website_discovery -O sites.json     one row a school, with the best candidate and why; in JSON with all of them

Scrapy's own exporters write the rows; the spider knows the schools' names. Rows of JSON lines and CSV are on disk when
their page is done, so such a feed (`-o`, which appends) survives a crash together with the journal of `JOBDIR`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from scrapy.exporters import CsvItemExporter, JsonItemExporter, JsonLinesItemExporter
from typing_extensions import override

from crawler.items import CandidateItem, PageItem, TargetItem
from crawler.targets import SchoolTarget

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

Row = dict[str, Any]
_PERSON_FIELDS = (
    "name",
    "honorific",
    "first",
    "middle",
    "last",
    "suffix",
    "credentials",
    "nickname",
    "title",
    "email",
    "phone",
    "extension",
    "department",
    "role",
    "subjects",
    "grades",
    "profile_url",
    "confidence",
    "method",
)


class FeedRows:
    """Turns items into rows. Candidates are kept until their school's end says which one stands."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._candidates: dict[str, list[CandidateItem]] = defaultdict(list)

    def rows(self, item: object) -> list[Row]:
        """Returns the rows that an item completes."""
        if isinstance(item, PageItem):
            return self._people(item)
        if isinstance(item, CandidateItem):
            self._candidates[item.target].append(item)
            return []
        if isinstance(item, TargetItem) and self._crawler.spidercls.name == "website_discovery":
            return [self._site(item)]
        return []

    def _people(self, page: PageItem) -> list[Row]:
        school = self._school(page.target)
        place = {"school": school.name, "district": school.district, "state": school.state}
        return [
            {field: getattr(person, field) for field in _PERSON_FIELDS}
            | place
            | {
                "url": page.url,
                "page": person.page,
                "snippet": person.snippet,
                "fetched_at": page.fetched_at.isoformat(),
            }
            for person in page.people
        ]

    def _site(self, end: TargetItem) -> Row:
        school = self._school(end.target)
        candidates = sorted(self._candidates.pop(end.target, []), key=lambda item: -item.score)
        best = candidates[0] if candidates else None
        signals = [f"{signal.name} {signal.weight:+g}: {signal.detail}" for signal in best.signals] if best else []
        return {
            "key": end.target,
            "name": school.name,
            "district": school.district,
            "city": school.city,
            "state": school.state,
            "website": end.website,
            "score": end.score,
            "outcome": end.outcome,
            "reason": end.reason,
            "candidate": best.url if best else None,
            "provider": best.provider if best else None,
            "signals": signals,
            "candidates": [
                {
                    "url": item.url,
                    "provider": item.provider,
                    "score": item.score,
                    "http_status": item.status,
                    "signals": [asdict(signal) for signal in item.signals],
                }
                for item in candidates
            ],
            "tried": [
                f"{tried.provider} {tried.outcome} ({tried.found}){f': {tried.detail}' if tried.detail else ''}"
                for tried in end.tried
            ],
        }

    def _school(self, key: str) -> SchoolTarget:
        schools: dict[str, SchoolTarget] = getattr(self._crawler.spider, "schools", {})
        return schools.get(key) or SchoolTarget(key)


class JsonRows(JsonItemExporter):
    """A JSON array of rows."""

    def __init__(self, crawler: Crawler, file: IO[bytes], **options: Any) -> None:
        super().__init__(file, **options)  # pyright: ignore[reportArgumentType]  any binary file will do
        self._rows = FeedRows(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: IO[bytes], **options: Any) -> JsonRows:
        """Builds the exporter of one feed."""
        return cls(crawler, file, **options)

    @override
    def export_item(self, item: Any) -> None:
        for row in self._rows.rows(item):
            super().export_item(row)


class JsonLinesRows(JsonLinesItemExporter):
    """One JSON object a line."""

    def __init__(self, crawler: Crawler, file: IO[bytes], **options: Any) -> None:
        super().__init__(file, **options)  # pyright: ignore[reportArgumentType]  any binary file will do
        self._rows = FeedRows(crawler)
        self._file = file

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: IO[bytes], **options: Any) -> JsonLinesRows:
        """Builds the exporter of one feed."""
        return cls(crawler, file, **options)

    @override
    def export_item(self, item: Any) -> None:
        for row in self._rows.rows(item):
            super().export_item(row)
        # The journal counts a page as done when its rows were exported: they must not wait in a buffer.
        self._file.flush()


class CsvRows(CsvItemExporter):
    """A CSV table; texts that a spreadsheet would run as a formula are kept from it by an apostrophe."""

    def __init__(self, crawler: Crawler, file: IO[bytes], **options: Any) -> None:
        super().__init__(file, join_multivalued=" | ", **options)  # pyright: ignore[reportArgumentType]
        self._rows = FeedRows(crawler)
        self._file = file

    @classmethod
    def from_crawler(cls, crawler: Crawler, file: IO[bytes], **options: Any) -> CsvRows:
        """Builds the exporter of one feed."""
        return cls(crawler, file, **options)

    @override
    def export_item(self, item: Any) -> None:
        for row in self._rows.rows(item):
            # A cell holds no list of records.
            flat = {field: _unformulated(value) for field, value in row.items() if field != "candidates"}
            super().export_item(flat)
        self._file.flush()


def _unformulated(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
