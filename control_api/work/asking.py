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

from control_api.llm.budgets import configured_budgets, exact
from control_api.work.attempt import Attempt
from extraction.llm.client import LlmClient
from extraction.llm.errors import BudgetPassedError
from extraction.llm.ledger import Cost, PlannedCall
from extraction.llm.settings import LlmSettings
from extraction.schools.cage import read_pages
from extraction.schools.records import PageReading
from storage.leases import Lease
from storage.llm import (
    LlmBudgetPassedError,
    NewCall,
    keep_answer,
    kept_answer,
    reserve_call,
    settle_call,
    settle_lost_calls,
    spending_of_job,
)
from storage.models import Job

if TYPE_CHECKING:
    from extraction.schools.asking.asker import Asker


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
    async with LlmClient(settings, _JobLedger(attempt, settings), _Answers(attempt)) as client:
        yield _AskedPages(Asker(client, path, state=state, memory=memory))


async def asking_report(attempt: Attempt) -> dict[str, Any]:
    """What the job's result says of its questions, over all attempts; empty where nothing was asked."""
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        await settle_lost_calls(connection, lease.organization_id, job_id=lease.job_id, attempt=lease.attempt)
        spent = await spending_of_job(connection, lease.job_id)
        checkpoint = await connection.scalar(select(Job.checkpoint).where(Job.id == lease.job_id))
    totals: dict[str, Any] = (checkpoint or {}).get("asking", {}).get("totals", {})
    if not spent.calls and not totals:
        return {}
    return {
        "llm": {
            "calls": spent.calls,
            "failed_calls": spent.failed_calls,
            "tokens": spent.input_tokens + spent.output_tokens,
            "dollars": float(round(spent.dollars, 6)),
            "pages_asked": totals.get("pages_asked", 0),
            "pages_by_plan": totals.get("pages_by_plan", 0),
            "pages_by_rows": totals.get("pages_by_rows", 0),
            "dropped_values": totals.get("dropped_values", 0),
            "dropped_rows": totals.get("dropped_rows", 0),
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


class _JobLedger:
    """The ledger of one attempt, in the database."""

    def __init__(self, attempt: Attempt, settings: LlmSettings) -> None:
        self._attempt = attempt
        self._budgets = configured_budgets(settings)

    @property
    def _lease(self) -> Lease:
        return self._attempt.lease

    async def reserve(self, call: PlannedCall, /) -> int:
        new = NewCall(
            self._lease.organization_id,
            self._lease.job_id,
            self._lease.attempt,
            call.purpose,
            call.model,
            call.worst.input_tokens,
            call.worst.output_tokens,
            exact(call.worst.dollars),
            call.seconds,
        )
        try:
            async with self._attempt.database.tenant(self._lease.organization_id) as connection:
                return await reserve_call(connection, new, self._budgets)
        except LlmBudgetPassedError as error:
            raise BudgetPassedError(error.message) from error

    async def settle(self, reservation: int, cost: Cost, /, *, ok: bool) -> None:
        async with self._attempt.database.tenant(self._lease.organization_id) as connection:
            await settle_call(
                connection,
                reservation,
                input_tokens=cost.input_tokens,
                output_tokens=cost.output_tokens,
                dollars=exact(cost.dollars),
                answered=ok,
            )


class _Answers:
    """The organization's answers of before."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    async def get(self, key: str, /) -> str | None:
        async with self._attempt.database.tenant(self._attempt.lease.organization_id) as connection:
            return await kept_answer(connection, key)

    async def put(self, key: str, model: str, text: str, /) -> None:
        organization_id = self._attempt.lease.organization_id
        async with self._attempt.database.tenant(organization_id) as connection:
            await keep_answer(connection, organization_id, key=key, model=model, answer=text)
