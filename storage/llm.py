"""The ledger of language models: reserved before a question is sent, settled when it is over, kept for good.

An organization's reservations queue at its row of `llm_budget`, so that jobs that ask at the same time cannot pass its
budget together. A call whose worker died may have been answered and paid: it is settled as it was reserved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError
from storage.jobs import family_of, whole_of
from storage.models import LlmAnswer, LlmBudget, LlmCall


class LlmBudgetPassedError(StorageError):
    """A question would pass the budget of its job or its organization at its worst."""

    code = "LLM_BUDGET_PASSED"
    status = 402


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens and dollars that were spent."""

    tokens: int
    dollars: Decimal


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens and dollars that may be spent; None: no limit."""

    tokens: int | None
    dollars: Decimal | None


@dataclass(frozen=True, slots=True)
class LlmBudgets:
    """What may be spent. `organization` holds within the last `days`, unless an organization has its own budget."""

    job: Budget
    organization: Budget
    days: int


@dataclass(frozen=True, slots=True)
class BudgetState:
    """An organization's budget, and what of it is gone."""

    allowed: Budget
    set_at: datetime | None
    """When the organization set it; None: it is that of the settings."""
    since: datetime
    """What was spent before no longer counts."""
    calls: int
    spent: Spending
    reserved: Spending
    """What open questions may cost at their worst."""


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
    allowed = await _hold_budget(connection, call.organization_id, budgets)
    await settle_lost_calls(connection, call.organization_id, job_id=call.job_id, attempt=call.attempt)
    within = LlmCall.at > _since(budgets)
    spent = await _spent(connection, and_(LlmCall.organization_id == call.organization_id, within))
    _check(call, f"the organization's budget of {budgets.days} days", spent, allowed)
    if call.job_id is not None:
        of_job = or_(LlmCall.job_id == call.job_id, LlmCall.job_id.in_(whole_of(call.job_id)))
        _check(call, "the job's budget", await _spent(connection, of_job), budgets.job)
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


async def settle_lost_calls(
    connection: AsyncConnection, organization_id: UUID, *, job_id: UUID | None, attempt: int | None
) -> None:
    """Settles calls that nobody will: those of the job's earlier attempts, and any whose time is over.

    Whether they were answered nobody knows, so that they count as they were reserved. One whose worker was only slow
    is corrected when that worker settles it.
    """
    lost: ColumnElement[bool] = LlmCall.expires_at <= func.clock_timestamp()
    if job_id is not None and attempt is not None:
        lost = or_(lost, and_(LlmCall.job_id == job_id, LlmCall.attempt < attempt))
    # Locked in one order, so that two who settle the same calls do not wait for each other in a ring.
    ids = (
        select(LlmCall.id)
        .where(LlmCall.organization_id == organization_id, LlmCall.state == "reserved", lost)
        .order_by(LlmCall.id)
        .with_for_update()
    )
    await connection.execute(update(LlmCall).where(LlmCall.id.in_(ids)).values(state="failed", expires_at=None))


async def spending_of_job(connection: AsyncConnection, job_id: UUID) -> JobSpending:
    """What the questions of a job and of all that is under it have cost so far; open ones do not count."""
    of_job = or_(LlmCall.job_id == job_id, LlmCall.job_id.in_(family_of(job_id)))
    row = (
        await connection.execute(
            select(
                func.count(),
                func.count().filter(LlmCall.state == "failed"),
                func.coalesce(func.sum(LlmCall.input_tokens), 0),
                func.coalesce(func.sum(LlmCall.output_tokens), 0),
                func.coalesce(func.sum(LlmCall.dollars), 0),
            ).where(of_job, LlmCall.state != "reserved")
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


async def budget_state(connection: AsyncConnection, organization_id: UUID, budgets: LlmBudgets) -> BudgetState:
    """What an organization may spend, and what it has spent within the budget's days."""
    row = (
        await connection.execute(select(LlmBudget.__table__).where(LlmBudget.organization_id == organization_id))
    ).one_or_none()
    is_open = and_(LlmCall.state == "reserved", LlmCall.expires_at > func.clock_timestamp())
    tokens, since = LlmCall.input_tokens + LlmCall.output_tokens, _since(budgets)
    sums = (
        await connection.execute(
            select(
                since.label("since"),
                func.count(LlmCall.id).label("calls"),
                func.coalesce(func.sum(tokens), 0).label("tokens"),
                func.coalesce(func.sum(LlmCall.dollars), 0).label("dollars"),
                func.coalesce(func.sum(tokens).filter(is_open), 0).label("open_tokens"),
                func.coalesce(func.sum(LlmCall.dollars).filter(is_open), 0).label("open_dollars"),
            ).where(LlmCall.organization_id == organization_id, LlmCall.at > since)
        )
    ).one()
    return BudgetState(
        allowed=_allowed(row, budgets),
        set_at=row.set_at if row is not None else None,
        since=sums.since,
        calls=sums.calls,
        spent=Spending(int(sums.tokens - sums.open_tokens), sums.dollars - sums.open_dollars),
        reserved=Spending(int(sums.open_tokens), Decimal(sums.open_dollars)),
    )


async def set_budget(connection: AsyncConnection, organization_id: UUID, budget: Budget) -> None:
    """Gives an organization a budget of its own. It holds from the next question on."""
    chosen = {"dollars": budget.dollars, "tokens": budget.tokens, "set_at": func.now()}
    row = insert(LlmBudget).values(organization_id=organization_id, **chosen)
    await connection.execute(row.on_conflict_do_update(index_elements=["organization_id"], set_=chosen))


async def reset_budget(connection: AsyncConnection, organization_id: UUID) -> None:
    """Takes an organization's own budget away: that of the settings holds again."""
    nothing = {"dollars": None, "tokens": None, "set_at": None}
    await connection.execute(update(LlmBudget).where(LlmBudget.organization_id == organization_id).values(**nothing))


async def _hold_budget(connection: AsyncConnection, organization_id: UUID, budgets: LlmBudgets) -> Budget:
    """What the organization may spend; locked until the transaction ends."""
    await connection.execute(insert(LlmBudget).values(organization_id=organization_id).on_conflict_do_nothing())
    row = (
        await connection.execute(
            select(LlmBudget.__table__).where(LlmBudget.organization_id == organization_id).with_for_update()
        )
    ).one()
    return _allowed(row, budgets)


def _allowed(row: Row[Any] | None, budgets: LlmBudgets) -> Budget:
    """The organization's own limits, or those of the settings. What it set to NULL has none."""
    if row is None:
        return budgets.organization
    if row.set_at is not None:
        return Budget(row.tokens, row.dollars)
    return Budget(
        row.tokens if row.tokens is not None else budgets.organization.tokens,
        row.dollars if row.dollars is not None else budgets.organization.dollars,
    )


def _since(budgets: LlmBudgets) -> ColumnElement[datetime]:
    return func.now() - func.make_interval(0, 0, 0, budgets.days)


async def _spent(connection: AsyncConnection, of: ColumnElement[bool]) -> Spending:
    """What was paid, and what is reserved."""
    row = (
        await connection.execute(
            select(
                func.coalesce(func.sum(LlmCall.input_tokens + LlmCall.output_tokens), 0),
                func.coalesce(func.sum(LlmCall.dollars), 0),
            ).where(of)
        )
    ).one()
    return Spending(int(row[0]), Decimal(row[1]))


def _check(call: NewCall, whose: str, spent: Spending, allowed: Budget) -> None:
    if allowed.dollars is not None and spent.dollars + call.dollars > allowed.dollars:
        left = max(Decimal(0), allowed.dollars - spent.dollars)
        raise LlmBudgetPassedError(
            f"The next question could cost ${call.dollars:.4f}, and {whose} has only ${left:.4f} of"
            f" ${allowed.dollars:.2f} left. The page was read without the model."
        )
    tokens = call.input_tokens + call.output_tokens
    if allowed.tokens is not None and spent.tokens + tokens > allowed.tokens:
        raise LlmBudgetPassedError(
            f"The next question could take {tokens:,} tokens, and {whose} has only"
            f" {max(0, allowed.tokens - spent.tokens):,} of {allowed.tokens:,} left."
            " The page was read without the model."
        )
