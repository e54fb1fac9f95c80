"""The figures of parts: what went wrong is told where it went wrong, and who was put at the wrong school."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.school_web.founding import generate
from tests.school_web.score import Score, score
from tests.school_web.test_judging import PORT, served, write_csv
from tests.school_web.truth import Truth, tell
from tests.school_web.world import World

Lead = tuple[str, str, str, str]
"""School, district, name, e-mail address."""


@pytest.fixture(scope="module")
def world() -> World:
    return generate(1965, 200, 40, wide=True)


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return tell(world, PORT)


def judged(world: World, truth: Truth, folder: Path, leads: list[Lead], without: tuple[str, ...] = ()) -> Score:
    """The score of these leads, with the websites of all schools but some."""
    schools = [
        (school.name, school.district, "" if school.nces_id in without else school.website) for school in truth.schools
    ]
    return score(
        served(world, truth, folder),
        write_csv(folder / "s.csv", ("name", "district", "website"), schools),
        write_csv(folder / "l.csv", ("school", "district", "name", "email"), list(leads)),
    )


def leads_of(truth: Truth, *needs: str) -> list[Lead]:
    return [
        (school.name, school.district, person.name, person.email or "")
        for school in truth.schools
        for person in school.staff
        if not needs or school.needs in needs
    ]


def test_the_truth_of_a_wide_world_scores_full_marks_in_every_part(world: World, truth: Truth, tmp_path: Path) -> None:
    result = judged(world, truth, tmp_path, leads_of(truth))
    for one in (result.readable, *result.needs.values(), *result.layouts.values(), *result.traits.values()):
        assert (one.pair_precision, one.pair_recall, one.name_precision, one.name_recall) == (1, 1, 1, 1)
        assert (one.right_school, one.websites_right, one.websites_wrong) == (1, one.schools, 0)
        assert one.staff_lists_empty == 0
    assert (result.websites_precision, result.websites_coverage, result.right_school) == (1, 1, 1)
    assert (result.pair_precision, result.pair_recall, result.false_people) == (1, 1, {})
    assert sum(one.schools for one in result.layouts.values()) == 200


def test_who_reads_only_pages_has_full_recall_of_what_pages_show(world: World, truth: Truth, tmp_path: Path) -> None:
    guarded = tuple(school.nces_id for school in truth.schools if school.website_needs != "page")
    result = judged(world, truth, tmp_path, leads_of(truth, "page"), without=guarded)
    assert (result.readable.pair_recall, result.readable.name_recall) == (1, 1)
    assert result.websites_coverage == 1
    assert result.pair_recall < 0.85
    assert {name: one.name_recall for name, one in result.needs.items()} == {
        "page": 1, "browser": 0, "pdf": 0, "sheet": 0, "challenge": 0,
    }  # fmt: skip
    assert result.layouts["sheet"].staff_lists_empty == result.layouts["sheet"].schools


def test_people_of_another_school_and_of_the_office_count_against_the_right_school(
    world: World, truth: Truth, tmp_path: Path
) -> None:
    roster = next(school for school in truth.schools if "roster" in school.traits)
    sibling = next(one for one in truth.schools if one.district == roster.district and one != roster)
    district = next(one for one in truth.districts if roster.district in one.names)
    twice = {person.name for person in roster.staff} & {person.name for person in sibling.staff}
    foreign = [person for person in sibling.staff if person.name not in twice]
    own = [(roster.name, roster.district, person.name, person.email or "") for person in roster.staff]
    wrong = [(roster.name, roster.district, person.name, person.email or "") for person in foreign]
    office = [(roster.name, roster.district, person.name, person.email or "") for person in district.staff]
    result = judged(world, truth, tmp_path, own + wrong + office)
    expected = len(own) / (len(own) + len(wrong) + len(office))
    assert result.right_school == round(expected, 4) == result.traits["roster"].right_school
    assert result.false_people == {
        "staff of a district's office": len(office),
        "staff of another school": len(wrong),
    }
    placed = [("", district.name, person.name, person.email or "") for person in district.staff]
    result = judged(world, truth, tmp_path, own + placed)
    assert (result.right_school, result.name_precision, result.false_people) == (1, 1, {})


def test_people_who_are_no_staff_are_told_by_what_they_are(world: World, truth: Truth, tmp_path: Path) -> None:
    school, told = world.schools[0], truth.schools[0]
    former = next(old for old in world.moved if old.former).former[0]
    taken = [
        school.strangers[9], school.strangers[0], school.council[0], world.districts[0].board[0], former,
        world.look_alikes[0].staff[0],
    ]  # fmt: skip
    leads = [(told.name, told.district, person.name, person.email or "") for person in taken]
    result = judged(world, truth, tmp_path, [*leads, (told.name, told.district, "Vacant Position", "")])
    assert result.false_people == dict.fromkeys(
        sorted(["student", "visitor", "council", "board", "former staff", "staff of a look-alike", "nobody"]), 1
    )
    assert (result.name_precision, result.right_school) == (0, 1)
