"""`title1 extract … --llm`: a model for pages that are not understood and blocks that are doubtful, within a budget."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from control_api.cli.errors import CliError
from extraction.llm.client import LlmClient
from extraction.llm.ledger import MemoryLedger, Usage
from extraction.llm.settings import LlmSettings
from extraction.schools.asking.asker import AskedTotals, Asker
from extraction.schools.records import PageReading
from extraction.staff.asking.asker import Asked, StaffAsker, page_after
from extraction.staff.asking.blocks import DoubtfulBlock
from extraction.staff.asking.doubt import doubtful_blocks
from extraction.staff.asking.totals import StaffTotals
from extraction.staff.page import StaffReading
from extraction.staff.records import StaffPage


class _Run:
    """One run of a command; all its files share one budget.

    Args:
        dollars: What may be spent; None: as much as a job may.

    Raises:
        CliError: there is no model to ask.
    """

    def __init__(self, dollars: float | None) -> None:
        self._settings = LlmSettings()
        if not self._settings.configured:
            raise CliError(
                "--llm needs a model: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.", code=2
            )
        allowed = self._settings.job_dollars if dollars is None else dollars
        self._ledger = MemoryLedger(allowed, self._settings.job_tokens)
        self._usage = Usage()

    @property
    def _spent(self) -> dict[str, Any]:
        """What the last file has cost."""
        return {
            "calls": self._usage.calls,
            "failed_calls": self._usage.failed_calls,
            "tokens": self._usage.cost.tokens,
            "dollars": round(self._usage.cost.dollars, 6),
        }


class AskedRun(_Run):
    """A run of `extract schools`."""

    def __init__(self, dollars: float | None) -> None:
        super().__init__(dollars)
        self._totals = AskedTotals()

    def read(self, path: Path, pages: Collection[int] | None, state: str | None, *, explain: bool) -> list[PageReading]:
        """All pages of a file, those that were doubtful with the model's help."""
        return asyncio.run(self._read(path, pages, state, explain=explain))

    async def _read(
        self, path: Path, pages: Collection[int] | None, state: str | None, *, explain: bool
    ) -> list[PageReading]:
        async with LlmClient(self._settings, self._ledger) as client:
            asker = Asker(client, path, state=state, explain=explain)
            try:
                return [reading async for reading in asker.read(pages=pages)]
            finally:
                self._usage, self._totals = client.usage, asker.memory.totals

    @property
    def report(self) -> dict[str, Any]:
        """What the last file has cost and brought."""
        return {
            **self._spent,
            "pages_asked": self._totals.pages_asked,
            "pages_by_plan": self._totals.pages_by_plan,
            "pages_by_rows": self._totals.pages_by_rows,
            "dropped_values": self._totals.dropped_values,
            "dropped_rows": self._totals.dropped_rows,
        }


class AskedStaffRun(_Run):
    """A run of `extract staff`."""

    def __init__(self, dollars: float | None) -> None:
        super().__init__(dollars)
        self._totals = StaffTotals()
        self._asked = Asked(())

    def read(self, reading: StaffReading) -> StaffPage:
        """The page with its people as they are after the questions about its doubtful blocks."""
        self._asked = asyncio.run(self._ask(doubtful_blocks(reading)))
        return page_after(reading.page, self._asked)

    async def _ask(self, blocks: list[DoubtfulBlock]) -> Asked:
        async with LlmClient(self._settings, self._ledger) as client:
            asker = StaffAsker(client)
            try:
                return await asker.ask(blocks)
            finally:
                self._usage, self._totals = client.usage, asker.totals

    @property
    def report(self) -> dict[str, Any]:
        """What the last page has cost and brought; `trouble` says why blocks stayed as they were."""
        trouble = {"trouble": self._asked.trouble} if self._asked.trouble else {}
        return {**self._spent, **msgspec.structs.asdict(self._totals), **trouble}

    @property
    def told(self) -> list[dict[str, Any]]:
        """Each block of the last page that was asked about: why, its lines, the answer, and what came of it."""
        return [
            {
                "doubt": revision.block.doubt,
                "headings": list(revision.block.headings),
                "lines": list(revision.block.lines),
                "found": revision.block.person.name if revision.block.person else None,
                "kept": revision.block.kept,
                "said": list(revision.said),
                "result": revision.result,
                "people": [person.name for person in revision.people],
                "path": revision.block.path,
            }
            for revision in self._asked.revisions
        ]
