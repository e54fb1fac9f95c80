"""The doubtful blocks of a page that a visit may ask a model about: its school's, and about nobody whom it knows."""

from __future__ import annotations

from collections.abc import Sequence

from crawler.belonging import people_of
from crawler.visits import Visit
from extraction.staff.asking.blocks import DoubtfulBlock
from extraction.staff.asking.doubt import doubtful_blocks
from extraction.staff.page import StaffReading
from extraction.staff.records import Person


def doubts_of(reading: StaffReading, people: Sequence[Person], visit: Visit) -> list[DoubtfulBlock]:
    """The blocks worth a question.

    Args:
        reading: The page.
        people: Those of it whom the visit passes on; a block about anybody else who was kept is not theirs to change.
        visit: Whose page it is, with the people that it has passed on.
    """
    known = {key.partition("|")[0] for key in visit.people}
    found: list[DoubtfulBlock] = []
    for block in doubtful_blocks(reading):
        if block.kept:
            if block.person in people:
                found.append(block)
            continue
        told = block.person or Person("", headings=block.headings)
        if told.name.casefold() in known:
            continue
        # Where the others of the page work says which of its headings tell a school.
        if any(one is told for one in people_of(visit.school.name, [*reading.page.people, told]).people):
            found.append(block)
    return found
