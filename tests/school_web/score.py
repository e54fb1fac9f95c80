"""How right the product was: its schools and leads against the truth of the simulated web."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.school_web.audit import audit
from tests.school_web.files import LOG, TRUTH
from tests.school_web.keys import person_key, school_key, site_key
from tests.school_web.parts import Findings, Part, Said, false_people, homes, part, parts_by, share
from tests.school_web.truth import TrueSchool, Truth, read_truth


class Misses(msgspec.Struct, frozen=True):
    """Examples of what went wrong, at most thirty of a kind."""

    schools_missing: tuple[str, ...]
    schools_unknown: tuple[str, ...]
    websites_wrong: tuple[str, ...]
    websites_missing: tuple[str, ...]
    pairs_wrong: tuple[str, ...]
    pairs_missing: tuple[str, ...]
    names_wrong: tuple[str, ...]
    names_missing: tuple[str, ...]
    robots: tuple[str, ...]
    rate: tuple[str, ...]


class Score(msgspec.Struct, frozen=True):
    """The figures; a share of nothing is 1."""

    schools_found: int
    schools_total: int
    websites_right: int
    websites_wrong: int
    websites_precision: float
    websites_coverage: float
    """Of the schools whose home page can be read, the share whose website was found."""
    pair_precision: float
    pair_recall: float
    name_precision: float
    name_recall: float
    right_school: float
    """Of the true members of any staff who were told, the share told where they work."""
    robots_violations: int
    rate_violations: int
    fastest_gap_seconds: float | None
    readable: Part
    """The schools whose staff list can be read without browser, document, spreadsheet or challenge."""
    needs: dict[str, Part]
    """By what it takes to read the staff list."""
    layouts: dict[str, Part]
    traits: dict[str, Part]
    """By trap; a school may be in several."""
    false_people: dict[str, int]
    details: Misses


def score(folder: Path, schools_csv: Path, leads_csv: Path, min_delay: float = 1.0) -> Score:
    """Compare a run's results with the truth in a served folder.

    A school is found when a row's name (and district, where the row has one) is one of its names, school words spelled
    out. A website is right when host, port and path prefix are the school's, "www.", case, scheme and closing slash
    aside, or an address that is redirected there. Leads count per school: a name without honorific, credentials,
    initials, accents and order; a pair is such a name with its published address. What a run says twice counts once.
    Somebody of a district's office who is told under the district, without a school, is neither right nor wrong.
    """
    truth = read_truth(folder / TRUTH)
    schools = _Schools(truth)
    found, unknown, right, wrong = _judge_schools(schools, _rows(schools_csv))
    findings = _findings(schools, truth, right, wrong, _rows(leads_csv))
    log = audit(folder / LOG, truth, min_delay)
    whole = part(findings, truth.schools, whole=True)
    open_sites = {school.nces_id for school in truth.schools if school.website_needs == "page"}
    return Score(
        schools_found=len(found),
        schools_total=len(truth.schools),
        websites_right=len(right),
        websites_wrong=len(wrong),
        websites_precision=round(len(right) / (len(right) + len(wrong)), 4) if right or wrong else 1.0,
        websites_coverage=share(right & open_sites, open_sites),
        pair_precision=whole.pair_precision,
        pair_recall=whole.pair_recall,
        name_precision=whole.name_precision,
        name_recall=whole.name_recall,
        right_school=whole.right_school,
        robots_violations=len(log.robots_violations),
        rate_violations=len(log.rate_violations),
        fastest_gap_seconds=min(log.fastest_gap.values(), default=None),
        readable=part(findings, [school for school in truth.schools if school.needs == "page"]),
        needs=parts_by(findings, truth.schools, lambda school: (school.needs,)),
        layouts=parts_by(findings, truth.schools, lambda school: (school.layout,)),
        traits=parts_by(findings, truth.schools, lambda school: school.traits),
        false_people=false_people(truth, findings),
        details=Misses(
            schools_missing=_some(school.name for school in truth.schools if school.nces_id not in found),
            schools_unknown=_some(unknown),
            websites_wrong=_some(wrong.values()),
            websites_missing=_some(school.website for school in truth.schools if school.nces_id not in right),
            pairs_wrong=_lines(findings.pairs_said - findings.pairs_true),
            pairs_missing=_lines(findings.pairs_true - findings.pairs_said),
            names_wrong=_lines(findings.names_said - findings.names_true),
            names_missing=_lines(findings.names_true - findings.names_said),
            robots=_some(f"{one.host}{one.path}: {one.rule}" for one in log.robots_violations),
            rate=_some(f"{one.host}{one.path}: {one.rule}" for one in log.rate_violations),
        ),
    )


class _Schools:
    """Finds the true school that a row speaks of."""

    def __init__(self, truth: Truth) -> None:
        self.all = truth.schools
        self._by_name: dict[str, list[TrueSchool]] = {}
        for school in truth.schools:
            for name in {school_key(name) for name in school.names}:
                self._by_name.setdefault(name, []).append(school)

    def named(self, name: str, district: str = "") -> list[TrueSchool]:
        """The schools of a name, of one district where it is given."""
        named = self._by_name.get(school_key(name), [])
        wanted = school_key(district)
        if not wanted:
            return named
        return [school for school in named if wanted in {school_key(name) for name in school.districts}]


def _judge_schools(
    schools: _Schools, rows: Iterable[dict[str, str]]
) -> tuple[set[str], list[str], set[str], dict[str, str]]:
    """NCES ids found, rows of no school, ids with the right website, and by id or row what was said instead."""
    found: set[str] = set()
    unknown: list[str] = []
    right: set[str] = set()
    wrong: dict[str, str] = {}
    for number, row in enumerate(rows):
        said = row.get("website", "")
        candidates = schools.named(row.get("name", ""), row.get("district", ""))
        if not candidates:
            unknown.append(f"{row.get('name', '')} ({row.get('district', '')})")
        school = next((one for one in candidates if one.nces_id not in found), None) or next(iter(candidates), None)
        if school:
            found.add(school.nces_id)
        if not said:
            continue
        if school and site_key(said) in {site_key(url) for url in (school.website, *school.aliases)}:
            right.add(school.nces_id)
        else:
            key = school.nces_id if school and school.nces_id not in wrong else f"row {number}"
            instead = school.website if school else "a school of the list"
            wrong[key] = f"{row.get('name', '')}: {said}, not {instead}"
    return found, unknown, right, wrong


def _findings(
    schools: _Schools, truth: Truth, right: set[str], wrong: Iterable[str], rows: Iterable[dict[str, str]]
) -> Findings:
    findings = Findings(right, set(wrong), set(), set(), set(), set(), homes(truth))
    for school in schools.all:
        for person in school.staff:
            key = person_key(person.name)
            findings.names_true.add((school.nces_id, key))
            if person.email:
                findings.pairs_true.add((school.nces_id, key, person.email))
    offices = {
        (school_key(name), person_key(person.name))
        for district in truth.districts
        for name in district.names
        for person in district.staff
    }
    for row in rows:
        key, email = person_key(row.get("name", "")), row.get("email", "").strip().lower()
        if not row.get("school") and (school_key(row.get("district", "")), key) in offices:
            continue
        candidates = schools.named(row.get("school", ""), row.get("district", ""))
        # Two schools of one name: without a district, the row is about the one where it is true, if any.
        ids = [school.nces_id for school in candidates] or [f"? {row.get('school', '')}"]
        nces_id = next((one for one in ids if (one, key) in findings.names_true), ids[0])
        findings.names_said.add((nces_id, key))
        if email:
            findings.pairs_said.add((nces_id, key, email))
    return findings


def _lines(said: Said) -> tuple[str, ...]:
    return _some(" | ".join(one) for one in sorted(said))


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by lower-case column name; a byte-order mark is no part of the first."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {key.strip().lower(): (value or "").strip() for key, value in row.items() if key}
            for row in csv.DictReader(file)
        ]


def _some(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(items)[:30]
