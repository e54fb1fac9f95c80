"""A job's questions to language models: its ledger and its organization's answers, for whoever works on the job.

The worker reads school lists and the spider reads staff pages; both ask in the name of an attempt and within the same
budgets. The client of the models belongs to another room, so its types are described here by what is needed of them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from storage.database import Database
from storage.leases import Lease, fenced
from storage.llm import (
    Budget,
    LlmBudgetPassedError,
    LlmBudgets,
    NewCall,
    keep_answer,
    kept_answer,
    reserve_call,
    settle_call,
)


class Limits(Protocol):
    """What the settings allow to spend."""

    @property
    def job_dollars(self) -> float:
        """What one job may cost."""
        ...

    @property
    def job_tokens(self) -> int:
        """What one job may take."""
        ...

    @property
    def organization_dollars(self) -> float:
        """What an organization may spend within the days."""
        ...

    @property
    def organization_tokens(self) -> int:
        """The same in tokens."""
        ...

    @property
    def budget_days(self) -> int:
        """The days that an organization's budget is for."""
        ...


class Tokens(Protocol):
    """Tokens and what they cost."""

    @property
    def input_tokens(self) -> int:
        """Sent."""
        ...

    @property
    def output_tokens(self) -> int:
        """Answered."""
        ...

    @property
    def dollars(self) -> float:
        """US dollars."""
        ...


class Call(Protocol):
    """A question that is about to be sent."""

    @property
    def purpose(self) -> str:
        """What is asked for."""
        ...

    @property
    def model(self) -> str:
        """Who is asked."""
        ...

    @property
    def worst(self) -> Tokens:
        """What it costs at its worst."""
        ...

    @property
    def seconds(self) -> float:
        """After this time it has ended in any case."""
        ...


def configured_budgets(limits: Limits, job_dollars: float | None = None) -> LlmBudgets:
    """What a job may spend, and an organization that has set no budget of its own.

    A job that has a budget of dollars may spend those, and never more than the settings allow.
    """
    dollars = limits.job_dollars if job_dollars is None else min(limits.job_dollars, job_dollars)
    return LlmBudgets(
        Budget(limits.job_tokens, exact(dollars)),
        Budget(limits.organization_tokens, exact(limits.organization_dollars)),
        limits.budget_days,
    )


def exact(dollars: float) -> Decimal:
    """Dollars as the ledger adds them up."""
    return Decimal(f"{dollars:.8f}")


class JobLedger:
    """The ledger of one attempt.

    Args:
        database: Where it is kept.
        lease: The attempt's.
        limits: What may be spent.
        refusal: Makes of a sentence what is raised where a question would pass a budget.
    """

    def __init__(self, database: Database, lease: Lease, limits: Limits, refusal: Callable[[str], Exception]) -> None:
        self._database = database
        self._lease = lease
        self._budgets = configured_budgets(limits, (lease.budget or {}).get("llm_dollars"))
        self._refusal = refusal

    async def reserve(self, call: Call, /) -> int:
        """Sets the call's worst cost aside and returns the reservation's number.

        Raises:
            LeaseLostError: a newer attempt exists or the job was ended; it asks no more.
        """
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
            async with fenced(self._database, self._lease) as step:
                return await reserve_call(step.connection, new, self._budgets)
        except LlmBudgetPassedError as error:
            raise self._refusal(error.message) from error

    async def settle(self, reservation: int, cost: Tokens, /, *, ok: bool) -> None:
        """Replaces a reservation by what the call cost; `ok` says whether it brought an answer."""
        async with self._database.tenant(self._lease.organization_id) as connection:
            await settle_call(
                connection,
                reservation,
                input_tokens=cost.input_tokens,
                output_tokens=cost.output_tokens,
                dollars=exact(cost.dollars),
                answered=ok,
            )


class JobAnswers:
    """The answers of before of a job's organization."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._organization_id = lease.organization_id

    async def get(self, key: str, /) -> str | None:
        """The answer's text, if this was asked before."""
        async with self._database.tenant(self._organization_id) as connection:
            return await kept_answer(connection, key)

    async def put(self, key: str, model: str, text: str, /) -> None:
        """Keeps an answer."""
        async with self._database.tenant(self._organization_id) as connection:
            await keep_answer(connection, self._organization_id, key=key, model=model, answer=text)
