"""Links the rows of a list to the schools of the official directory.

    rows → likely schools of the row's state, with points and reasons → groups of rows that want the same schools
         → one-to-one assignment in each group → band: automatic, review, none

A link is automatic when it has the points, and when every other way to assign its group would be clearly worse: two
rows never share a school, and a row whose sibling is as good waits for a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from extraction.linkage.assignment import best_assignment, mutual_choice, regrets
from extraction.linkage.directory import Directory, Entry, StateDirectory, phone_key
from extraction.linkage.points import AUTOMATIC, LEAD, REVIEW, Row, weigh
from extraction.linkage.records import Band, Choice, Link, ListedSchool, Reason
from extraction.places.states import state_code

_MOST_CHOICES = 5
_LARGEST_GROUP = 24
"""Rows whose assignment is weighed as a whole; the cost grows with the fourth power. Of more, only pairs are linked
that choose each other."""


def link_schools(rows: Iterable[ListedSchool], directory: Directory) -> list[Link]:
    """Links the rows of one list, each school of the directory to one of them at most; in the order of the rows."""
    listed = list(rows)
    choices = [likely_schools(row, directory) for row in listed]
    links: dict[int, Link] = {}
    for group in _groups(choices, REVIEW):
        links |= _link_group(group, listed, choices)
    return [links.get(place) or _unlinked(row, choices[place]) for place, row in enumerate(listed)]


def link_school(row: ListedSchool, directory: Directory) -> Link:
    """Links one school by itself."""
    return link_schools([row], directory)[0]


def likely_schools(listed: ListedSchool, directory: Directory) -> list[Choice]:
    """The schools that a row may be, best first, five at most."""
    found: dict[str, Entry] = {}
    row = Row(listed, directory.state(listed.state), state_code(listed.state) or "" if listed.state else "")
    if row.nces_id in directory.by_id:
        found[row.nces_id] = directory.by_id[row.nces_id]
    if row.state is not None:
        found |= _with_same_id(row, row.state)
        if row.parts.name.words:
            places = [*row.districts, row.city, (listed.zip or "")[:5]]
            found |= row.state.named_alike(row.parts, [place for place in places if place])
    choices = [_choice(entry, reasons) for entry in found.values() if (reasons := weigh(row, entry)) is not None]
    return sorted(choices, key=lambda choice: (-choice.points, choice.nces_id))[:_MOST_CHOICES]


def _with_same_id(row: Row, state: StateDirectory) -> dict[str, Entry]:
    """The schools that have the row's id of the state, or its phone number."""
    same = [
        *state.by_school_id.get(row.school_id.lstrip("0"), ()),
        *state.by_phone.get(phone_key(row.listed.phone), ()),
    ]
    return {entry.school.nces_id: entry for entry in same}


def _choice(entry: Entry, reasons: list[Reason]) -> Choice:
    points = round(sum(reason.points for reason in reasons), 1)
    return Choice(entry.school.nces_id, entry.school.name, points, tuple(reasons))


def _groups(choices: Sequence[Sequence[Choice]], least: float) -> list[list[int]]:
    """Rows that want the same schools, directly or by way of others, as lists of places."""
    wanting: dict[str, list[int]] = defaultdict(list)
    for place, likely in enumerate(choices):
        for choice in likely:
            if choice.points >= least:
                wanting[choice.nces_id].append(place)
    parent = list(range(len(choices)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for places in wanting.values():
        for place in places[1:]:
            parent[root(place)] = root(places[0])
    found: dict[int, list[int]] = defaultdict(list)
    for place in sorted({place for places in wanting.values() for place in places}):
        found[root(place)].append(place)
    return list(found.values())


def _link_group(
    group: list[int], listed: Sequence[ListedSchool], choices: Sequence[Sequence[Choice]]
) -> dict[int, Link]:
    values = [
        {choice.nces_id: choice.points - REVIEW + 1 for choice in choices[place] if choice.points >= REVIEW}
        for place in group
    ]
    if len(group) <= _LARGEST_GROUP:
        assigned = best_assignment(values)
        leads = regrets(values, assigned)
    else:
        assigned, leads = mutual_choice(values)
    return {
        place: _linked(listed[place], choices[place], school, lead)
        for place, school, lead in zip(group, assigned, leads, strict=True)
    }


def _linked(row: ListedSchool, choices: Sequence[Choice], school: str | None, lead: float) -> Link:
    best = choices[0]
    if school is None:
        reasons = (*best.reasons, _taken(best))
        return Link(row.key, Band.REVIEW, best.nces_id, 0.5, _method(best), reasons, tuple(choices))
    chosen = next(choice for choice in choices if choice.nces_id == school)
    reasons = chosen.reasons
    # A row that was pushed aside from a better school is not certain of what it was left with.
    is_first = chosen.points >= best.points - 0.05
    certain = chosen.points >= AUTOMATIC and lead >= LEAD and is_first
    if not is_first:
        reasons = (*reasons, _taken(best))
    elif lead < LEAD:
        reasons = (*reasons, Reason("as_good", 0.0, f"another assignment is {max(lead, 0.0):.0f} points worse"))
    score = min(_share(chosen.points), _share_of_lead(lead), 1.0 if is_first else 0.6)
    band = Band.AUTOMATIC if certain else Band.REVIEW
    return Link(row.key, band, school, round(score, 3), _method(chosen), reasons, tuple(choices))


def _taken(best: Choice) -> Reason:
    return Reason("taken", 0.0, f"another row of the list has {best.nces_id}")


def _unlinked(row: ListedSchool, choices: Sequence[Choice]) -> Link:
    score = round(_share(choices[0].points), 3) if choices else 0.0
    return Link(row.key, Band.NONE, None, score, "", (), tuple(choices))


def _method(choice: Choice) -> str:
    named = {reason.name for reason in choice.reasons}
    return next((method for method in ("nces_id", "state_id") if method in named), "name")


def _share(points: float) -> float:
    """Points as a share of certainty: .5 where a person should look, .85 where it is certain."""
    if points < REVIEW:
        return max(0.0, 0.5 * points / REVIEW)
    if points < AUTOMATIC:
        return 0.5 + 0.35 * (points - REVIEW) / (AUTOMATIC - REVIEW)
    return min(1.0, 0.85 + 0.15 * (points - AUTOMATIC) / 40)


def _share_of_lead(lead: float) -> float:
    return 0.5 + 0.35 * max(lead, 0.0) / LEAD if lead < LEAD else min(1.0, 0.85 + 0.15 * (lead - LEAD) / 20)
