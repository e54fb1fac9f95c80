"""The ledger of language models: reserved before a question is sent, settled when it is over, kept for good.

An organization's reservations queue at its row of `llm_budget`, so that jobs that ask at the same time cannot pass its
budget together. A reservation whose worker died ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError
from storage.models import LlmAnswer, LlmBudget, LlmCall


class LlmBudgetPassedError(StorageError):
    """A question would pass the budget of its job or its organization at its worst."""

    code = "LLM_BUDGET_PASSED"
    status = 402


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens and dollars, spent or allowed."""

    tokens: int
    dollars: Decimal


@dataclass(frozen=True, slots=True)
class LlmBudgets:
    """What may be spent. `organization` holds within the last `days`, unless an organization has its own budget."""

    job: Spending
    organization: Spending
    days: int


@dataclass(frozen=True, slots=True)
class NewCall:
    """A question that is about to be sent, and what it costs at its worst."""

    organization_id: UUID
    job_id: UUID | None
    attempt: int | None
    purpose: str
    model: str
    input_tokens: int
    output_tokens: int
    dollars: Decimal
    seconds: float
    """After this time the reservation ends by itself."""


@dataclass(frozen=True, slots=True)
class JobSpending:
    """What a job's questions have cost, over all its attempts."""

    calls: int
    failed_calls: int
    input_tokens: int
    output_tokens: int
    dollars: Decimal


async def reserve_call(connection: AsyncConnection, call: NewCall, budgets: LlmBudgets) -> int:
    """Sets a call's worst cost aside, in a transaction of its own that is committed before the question is sent.

    Raises:
        LlmBudgetPassedError: it would pass a budget; nothing was reserved.
    """
    own = await _hold_budget(connection, call.organization_id)
    since = func.now() - func.make_interval(0, 0, 0, budgets.days)
    spent = await _spent(connection, and_(LlmCall.organization_id == call.organization_id, LlmCall.at > since))
    allowed = Spending(
        own.tokens if own.tokens is not None else budgets.organization.tokens,
        own.dollars if own.dollars is not None else budgets.organization.dollars,
    )
    _check(call, f"the organization's budget of {budgets.days} days", spent, allowed)
    if call.job_id is not None:
        _check(call, "the job's budget", await _spent(connection, LlmCall.job_id == call.job_id), budgets.job)
    reservation = await connection.scalar(
        insert(LlmCall)
        .values(
            organization_id=call.organization_id,
            job_id=call.job_id,
            attempt=call.attempt,
            purpose=call.purpose,
            model=call.model,
            state="reserved",
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            dollars=call.dollars,
            expires_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, call.seconds),
        )
        .returning(LlmCall.id)
    )
    if reservation is None:
        raise LookupError("INSERT … RETURNING gave no row")
    return reservation


async def settle_call(
    connection: AsyncConnection,
    reservation: int,
    *,
    input_tokens: int,
    output_tokens: int,
    dollars: Decimal,
    answered: bool,
) -> None:
    """Replaces a reservation by what the call cost, also when it has expired meanwhile: what is paid is paid."""
    await connection.execute(
        update(LlmCall)
        .where(LlmCall.id == reservation)
        .values(
            state="answered" if answered else "failed",
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            dollars=dollars,
            expires_at=None,
        )
    )


async def spending_of_job(connection: AsyncConnection, job_id: UUID) -> JobSpending:
    """What a job's questions have cost so far; open ones do not count."""
    row = (
        await connection.execute(
            select(
                func.count(),
                func.count().filter(LlmCall.state == "failed"),
                func.coalesce(func.sum(LlmCall.input_tokens), 0),
                func.coalesce(func.sum(LlmCall.output_tokens), 0),
                func.coalesce(func.sum(LlmCall.dollars), 0),
            ).where(LlmCall.job_id == job_id, LlmCall.state != "reserved")
        )
    ).one()
    return JobSpending(row[0], row[1], int(row[2]), int(row[3]), Decimal(row[4]))


async def kept_answer(connection: AsyncConnection, key: str) -> str | None:
    """The answer that the organization got before."""
    return await connection.scalar(select(LlmAnswer.answer).where(LlmAnswer.key == key))


async def keep_answer(connection: AsyncConnection, organization_id: UUID, *, key: str, model: str, answer: str) -> None:
    """Keeps an answer; the first one stays."""
    row = insert(LlmAnswer).values(organization_id=organization_id, key=key, model=model, answer=answer)
    await connection.execute(row.on_conflict_do_nothing())


async def _hold_budget(connection: AsyncConnection, organization_id: UUID) -> LlmBudget:
    """Locks the organization's budget until the transaction ends."""
    await connection.execute(insert(LlmBudget).values(organization_id=organization_id).on_conflict_do_nothing())
    row = (
        await connection.execute(
            select(LlmBudget.__table__).where(LlmBudget.organization_id == organization_id).with_for_update()
        )
    ).one()
    return LlmBudget(organization_id=organization_id, dollars=row.dollars, tokens=row.tokens)


async def _spent(connection: AsyncConnection, of: ColumnElement[bool]) -> Spending:
    """What was paid, and what is reserved for questions that may still be open."""
    row = (
        await connection.execute(
            select(
                func.coalesce(func.sum(LlmCall.input_tokens + LlmCall.output_tokens), 0),
                func.coalesce(func.sum(LlmCall.dollars), 0),
            ).where(of, or_(LlmCall.state != "reserved", LlmCall.expires_at > func.clock_timestamp()))
        )
    ).one()
    return Spending(int(row[0]), Decimal(row[1]))


def _check(call: NewCall, whose: str, spent: Spending, allowed: Spending) -> None:
    if spent.dollars + call.dollars > allowed.dollars:
        left = max(Decimal(0), allowed.dollars - spent.dollars)
        raise LlmBudgetPassedError(
            f"The next question could cost ${call.dollars:.4f}, and {whose} has only ${left:.4f} of"
            f" ${allowed.dollars:.2f} left. The page was read without the model."
        )
    tokens = call.input_tokens + call.output_tokens
    if spent.tokens + tokens > allowed.tokens:
        raise LlmBudgetPassedError(
            f"The next question could take {tokens:,} tokens, and {whose} has only"
            f" {max(0, allowed.tokens - spent.tokens):,} of {allowed.tokens:,} left."
            " The page was read without the model."
        )
