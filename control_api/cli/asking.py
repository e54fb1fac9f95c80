"""`title1 extract schools --llm`: a model for pages that the parser does not understand, within the run's budget."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

from control_api.cli.errors import CliError
from extraction.llm.client import LlmClient
from extraction.llm.ledger import MemoryLedger, Usage
from extraction.llm.settings import LlmSettings
from extraction.schools.asking.asker import AskedTotals, Asker
from extraction.schools.records import PageReading


class AskedRun:
    """One run of the command; all its files share one budget.

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
            "calls": self._usage.calls,
            "failed_calls": self._usage.failed_calls,
            "tokens": self._usage.cost.tokens,
            "dollars": round(self._usage.cost.dollars, 6),
            "pages_asked": self._totals.pages_asked,
            "pages_by_plan": self._totals.pages_by_plan,
            "pages_by_rows": self._totals.pages_by_rows,
            "dropped_values": self._totals.dropped_values,
            "dropped_rows": self._totals.dropped_rows,
        }
