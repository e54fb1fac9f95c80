"""Asking a model in the name of a job: within its budget, with answers kept, and told in its result.

Without a key or a server nothing of this happens, and pages are read as they are.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from sqlalchemy import select

from control_api.work.attempt import Attempt
from extraction.llm.client import LlmClient
from extraction.llm.errors import BudgetPassedError
from extraction.llm.settings import LlmSettings
from extraction.schools.cage import read_pages
from extraction.schools.records import PageReading
from extraction.staff.asking.totals import STATS, StaffTotals
from storage.crawl_reports import attempt_stats
from storage.job_llm import JobAnswers, JobLedger
from storage.llm import settle_lost_calls, spending_of_job
from storage.models import Job

if TYPE_CHECKING:
    from extraction.schools.asking.asker import Asker


_SCHOOL_TOTALS = ("pages_asked", "pages_by_plan", "pages_by_rows", "dropped_values", "dropped_rows")


class ClosingPages(Iterator[PageReading], Protocol):
    """Pages that are read one by one in a child process, which `close` ends."""

    def close(self) -> None:
        """End the child."""
        ...


class PageSource(Protocol):
    """The pages of a document, and what is made of them."""

    def pages(self, first: int, thread: str | None) -> ClosingPages:
        """The pages from `first` on, with the thread of the page before, if it was kept."""
        ...

    async def improved(self, reading: PageReading) -> PageReading:
        """A better reading of a page, where there is one."""
        ...

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What another attempt needs to go on, besides the page."""
        ...


@asynccontextmanager
async def page_source(attempt: Attempt, path: Path, state: str | None) -> AsyncGenerator[PageSource]:
    """The pages of a job's document, with a model behind them where one is configured."""
    settings = LlmSettings()
    if not settings.configured:
        yield _PlainPages(path, state)
        return
    from extraction.schools.asking.asker import Asker, AskerMemory  # noqa: PLC0415  loads what only asking needs

    try:
        memory = msgspec.convert(attempt.lease.checkpoint.get("asking", {}), AskerMemory)
    except msgspec.ValidationError:
        memory = AskerMemory()  # of another version; what it had learned is in the kept answers
    ledger = JobLedger(attempt.database, attempt.lease, settings, BudgetPassedError)
    async with LlmClient(settings, ledger, JobAnswers(attempt.database, attempt.lease)) as client:
        yield _AskedPages(Asker(client, path, state=state, memory=memory))


async def asking_report(attempt: Attempt) -> dict[str, Any]:
    """What the job's result says of its questions, over all attempts; empty where nothing was asked."""
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        checkpoint = await connection.scalar(select(Job.checkpoint).where(Job.id == lease.job_id))
    totals: dict[str, Any] = (checkpoint or {}).get("asking", {}).get("totals", {})
    return await _report(attempt, {name: totals.get(name, 0) for name in _SCHOOL_TOTALS}, asked=bool(totals))


async def crawl_asking_report(attempt: Attempt) -> dict[str, Any]:
    """The same of a crawl, whose spiders counted in their attempts' statistics; a killed one's counts are lost."""
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        counted = await attempt_stats(connection, lease.job_id)
    totals: dict[str, Any] = {
        name: sum(int(one.get(f"{STATS}/{name}", 0)) for one in counted)
        for name in msgspec.structs.asdict(StaffTotals())
    }
    troubles = [str(one[f"{STATS}/trouble"]) for one in counted if f"{STATS}/trouble" in one]
    return await _report(attempt, totals | ({"trouble": troubles[-1]} if troubles else {}), asked=any(totals.values()))


async def _report(attempt: Attempt, totals: dict[str, Any], *, asked: bool) -> dict[str, Any]:
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        await settle_lost_calls(connection, lease.organization_id, job_id=lease.job_id, attempt=lease.attempt)
        spent = await spending_of_job(connection, lease.job_id)
    if not spent.calls and not asked:
        return {}
    return {
        "llm": {
            "calls": spent.calls,
            "failed_calls": spent.failed_calls,
            "tokens": spent.input_tokens + spent.output_tokens,
            "dollars": float(round(spent.dollars, 6)),
            **totals,
        }
    }


class _PlainPages:
    """Pages as the parser reads them."""

    def __init__(self, path: Path, state: str | None) -> None:
        self._read = functools.partial(read_pages, path, state=state)
        self.checkpoint: dict[str, Any] = {}

    def pages(self, first: int, thread: str | None) -> ClosingPages:
        return self._read(first=first, thread=thread)

    async def improved(self, reading: PageReading) -> PageReading:
        return reading


class _AskedPages:
    """Pages about which a model is asked where they are doubtful."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def pages(self, first: int, thread: str | None) -> ClosingPages:
        return self._asker.pages(first=first, thread=thread)

    async def improved(self, reading: PageReading) -> PageReading:
        return await self._asker.improved(reading)

    @property
    def checkpoint(self) -> dict[str, Any]:
        return {"asking": msgspec.to_builtins(self._asker.memory)}
