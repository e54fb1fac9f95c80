"""The asker: puts the questions about a page's doubtful blocks, and makes of the answers the page's people.

Whatever goes wrong with the model costs the page nothing: its blocks stay as the readers left them, which is counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from extraction.llm.client import LlmClient
from extraction.llm.errors import LlmError
from extraction.staff.asking.blocks import DoubtfulBlock
from extraction.staff.asking.grounding import METHOD, Result, Revision, revised
from extraction.staff.asking.question import portions, staff_question, told_people
from extraction.staff.asking.totals import StaffTotals
from extraction.staff.embedded.merging import person_key
from extraction.staff.records import Person, StaffPage

_PATIENCE = 3
"""Failures in a row after which nothing is asked for a while: the server is down, or the budget is spent."""
_REST_SECONDS = 60.0


class Asked(msgspec.Struct, frozen=True):
    """What came of a page's questions."""

    revisions: tuple[Revision, ...]
    trouble: str | None = None
    """Why some or all of the blocks stayed as they were."""


class StaffAsker:
    """Asks about the doubtful blocks of pages.

    Args:
        client: The model, its budget and its cache.
        rest_seconds: How long nothing is asked after several failures in a row.
    """

    def __init__(self, client: LlmClient, *, rest_seconds: float = _REST_SECONDS) -> None:
        self.totals = StaffTotals()
        self._client = client
        self._rest_seconds = rest_seconds
        self._failures = 0
        self._resting_until = 0.0

    async def ask(self, blocks: Sequence[DoubtfulBlock]) -> Asked:
        """What becomes of a page's blocks; those that were not answered stay as they were."""
        if not blocks:
            return Asked(())
        revisions: list[Revision] = []
        trouble: str | None = None
        for portion in portions(blocks):
            if trouble is None:
                trouble = self._resting()
            told = {}
            if trouble is None:
                try:
                    told = told_people(await self._client.ask(staff_question(portion)), portion)
                    self._failures = 0
                except LlmError as error:
                    trouble = self._failed(error)
            revisions += [
                revised(block, told[number]) if number in told else _as_it_was(block) for number, block in portion
            ]
            answered = sum(number in told for number, _ in portion)
            self._count(blocks_asked=len(portion), blocks_unanswered=len(portion) - answered)
        self._count(pages_asked=1, pages_unanswered=trouble is not None)
        for revision in revisions:
            self._count_result(revision)
        return Asked(tuple(revisions), trouble)

    def _resting(self) -> str | None:
        if time.monotonic() >= self._resting_until:
            return None
        return "The model was not asked: it has failed several times in a row."

    def _failed(self, error: LlmError) -> str:
        self._failures += 1
        if self._failures >= _PATIENCE:
            self._resting_until = time.monotonic() + self._rest_seconds
        return error.message

    def _count_result(self, revision: Revision) -> None:
        before = 1 if revision.block.kept else 0
        own = [person for person in revision.people if revision.block.kept and _is_own(person, revision)]
        self._count(
            people_added=len(revision.people) - len(own),
            people_dropped=before - len(own),
            people_changed=revision.result == "changed",
            people_confirmed=revision.result == "confirmed",
            dropped_values=revision.dropped_values,
            dropped_people=revision.dropped_people,
        )

    def _count(self, **more: int) -> None:
        totals = msgspec.structs.asdict(self.totals)
        counted = {name: totals[name] + number for name, number in more.items()}
        self.totals = msgspec.structs.replace(self.totals, **counted)


def people_after(people: Sequence[Person], revisions: Sequence[Revision]) -> list[Person]:
    """The people of a page after its revisions. A block whose kept person is not among them changes nothing of theirs.

    Who is added stands behind the person of the same block, or at the end; somebody who is listed already is not added.
    """
    found = list(people)
    for revision in revisions:
        before = revision.block.person if revision.block.kept else None
        place = found.index(before) if before in found else None
        if before is not None and place is None:
            continue
        others = {person_key(person) for number, person in enumerate(found) if number != place}
        after = [person for person in revision.people if person_key(person) not in others]
        if place is None:
            found += after
        else:
            found[place : place + 1] = after
    return found


def page_after(page: StaffPage, asked: Asked) -> StaffPage:
    """A page with its people as they are after the questions."""
    people = people_after(page.people, asked.revisions)
    if people == list(page.people):
        return page
    was, now = len(page.people), len(people)
    if not people:
        reason = f"A model said that none of the {was} found is staff of the school."
        return msgspec.structs.replace(page, outcome="no_staff", reason=reason, people=())
    method = f"{page.method}+{METHOD}" if page.method else METHOD
    reason = f"{page.reason} A model was asked about doubtful blocks: {was} people before, {now} after."
    return msgspec.structs.replace(page, outcome="staff", reason=reason, people=tuple(people), method=method)


def _as_it_was(block: DoubtfulBlock) -> Revision:
    result: Result = "as_it_was"
    return Revision(block, result, (block.person,) if block.kept and block.person else ())


def _is_own(person: Person, revision: Revision) -> bool:
    """Whether somebody of a revision is the person whom the readers had kept."""
    return person is revision.people[0] and revision.result in ("confirmed", "changed", "as_it_was")
