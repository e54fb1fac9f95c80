"""The official directory as a provider: finds a listed school's row, and what the row says about its website.

Which row is a school's is decided by `extraction.linkage`, as for the rows of documents: one row that is certain, or
none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from typing_extensions import override

from crawler.discovery.providers import Candidate, Provider
from crawler.sites import host_name, start_addresses
from crawler.targets import SchoolTarget
from extraction.linkage.directory import Directory
from extraction.linkage.link import link_school
from extraction.linkage.records import Band, ListedSchool
from extraction.nces import DirectorySchool

_FILLED = ("district", "nces_id", "address", "city", "state", "zip", "phone")
_COMPARED = ("name", "district", "state", "nces_id", "address", "city", "zip", "phone")


class NcesDirectory(Provider):
    """The directory's rows, and the hosts of each district's schools."""

    name = "nces"

    def __init__(self, rows: Iterable[DirectorySchool]) -> None:
        listed = list(rows)
        self._directory = Directory(listed)
        self._matches: dict[SchoolTarget, DirectorySchool | None] = {}
        self._hosts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in listed:
            for url in start_addresses(row.website or "")[:1]:
                if row.lea_id:
                    self._hosts[row.lea_id][url] += 1

    @override
    def candidates(self, school: SchoolTarget) -> list[Candidate]:
        """Returns the website of the school's row, and the sites of its district's other schools behind it."""
        row = self.match(school)
        if row is None:
            return []
        found = [Candidate(row.website, "nces", 0.95)] if row.website else []
        return [*found, *(Candidate(url, "district", 0.5) for url in self._district_sites(row))]

    def completed(self, school: SchoolTarget) -> SchoolTarget:
        """Returns the school with what its row knows and the list did not print."""
        row = self.match(school)
        if row is None:
            return school
        known = {field: getattr(row, field) for field in _FILLED if getattr(school, field) is None}
        if school.grade_span is None and row.low_grade and row.high_grade:
            known["grade_span"] = f"{row.low_grade}-{row.high_grade}"
        return replace(school, **known)

    def match(self, school: SchoolTarget) -> DirectorySchool | None:
        """Returns the row of a school, or None where there is none or it is not certain which."""
        if school not in self._matches:
            listed = ListedSchool(key=school.key, **{field: getattr(school, field) for field in _COMPARED})
            link = link_school(listed, self._directory)
            known = link.nces_id is not None and link.band is Band.AUTOMATIC
            self._matches[school] = self._directory.by_id[link.nces_id or ""].school if known else None
        return self._matches[school]

    def _district_sites(self, row: DirectorySchool) -> list[str]:
        """Returns the sites that other schools of the district share a host on, the commonest first."""
        hosts: dict[str, tuple[int, str]] = {}
        for url, times in self._hosts.get(row.lea_id or "", {}).items():
            count, shortest = hosts.get(host_name(url), (0, url))
            hosts[host_name(url)] = (count + times, min(shortest, url, key=len))
        own = {host_name(url) for url in start_addresses(row.website or "")}
        shared = sorted(((count, url) for host, (count, url) in hosts.items() if host not in own), reverse=True)
        return [_root(url) for count, url in shared if count > 1][:1]


def _root(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/"
