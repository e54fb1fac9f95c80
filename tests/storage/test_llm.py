"""The ledger of language models: no budget is passed, however many ask at once; nothing paid is forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text, update

from storage.accounts import Account
from storage.database import Database
from storage.llm import (
    Budget,
    LlmBudgetPassedError,
    LlmBudgets,
    NewCall,
    Spending,
    budget_state,
    keep_answer,
    kept_answer,
    reserve_call,
    set_budget,
    settle_call,
    settle_lost_calls,
    spending_of_job,
)
from storage.models import LlmAnswer, LlmBudget, LlmCall
from tests.storage.conftest import make_tenant

BUDGETS = LlmBudgets(Budget(1000, Decimal("1.00")), Budget(2500, Decimal("2.50")), 30)


def call(
    tenant: Account, job_id: UUID | None, *, dollars: str = "0.40", tokens: int = 100, seconds: float = 60
) -> NewCall:
    return NewCall(tenant.organization_id, job_id, 1, "rows", "gpt-4o-mini", tokens - 40, 40, Decimal(dollars), seconds)


async def reserve(database: Database, wanted: NewCall, budgets: LlmBudgets = BUDGETS) -> int:
    async with database.tenant(wanted.organization_id) as connection:
        return await reserve_call(connection, wanted, budgets)


async def settle(database: Database, tenant: Account, reservation: int, *, dollars: str, answered: bool = True) -> None:
    async with database.tenant(tenant.organization_id) as connection:
        await settle_call(
            connection, reservation, input_tokens=10, output_tokens=5, dollars=Decimal(dollars), answered=answered
        )


async def test_a_job_may_reserve_up_to_its_budget(database: Database, tenant: Account) -> None:
    job_id = uuid4()
    await reserve(database, call(tenant, job_id))
    await reserve(database, call(tenant, job_id))
    with pytest.raises(LlmBudgetPassedError, match=r"could cost \$0\.4000, and the job's budget has only \$0\.2000"):
        await reserve(database, call(tenant, job_id))
    await reserve(database, call(tenant, uuid4()))


async def test_tokens_are_a_budget_too(database: Database, tenant: Account) -> None:
    job_id = uuid4()
    await reserve(database, call(tenant, job_id, dollars="0", tokens=900))
    with pytest.raises(LlmBudgetPassedError, match="could take 101 tokens, and the job's budget has only 100 of 1,000"):
        await reserve(database, call(tenant, job_id, dollars="0", tokens=101))
    await reserve(database, call(tenant, job_id, dollars="0", tokens=100))


async def test_jobs_that_ask_at_once_cannot_pass_the_organizations_budget(database: Database, tenant: Account) -> None:
    outcomes = await asyncio.gather(
        *(reserve(database, call(tenant, uuid4())) for _ in range(20)), return_exceptions=True
    )
    passed = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(passed) == 6, "6 × $0.40 of $2.50"
    assert all(isinstance(outcome, int | LlmBudgetPassedError) for outcome in outcomes)


async def test_what_was_not_used_is_free_again(database: Database, tenant: Account) -> None:
    job_id = uuid4()
    reservation = await reserve(database, call(tenant, job_id, dollars="1.00"))
    with pytest.raises(LlmBudgetPassedError):
        await reserve(database, call(tenant, job_id))
    await settle(database, tenant, reservation, dollars="0.01")
    await reserve(database, call(tenant, job_id))


async def test_a_call_whose_worker_died_counts_as_it_was_reserved(database: Database, tenant: Account) -> None:
    job_id = uuid4()
    lost = await reserve(database, call(tenant, job_id, dollars="0.60", seconds=0.0))
    with pytest.raises(LlmBudgetPassedError, match=r"only \$0\.4000"):
        await reserve(database, call(tenant, job_id, dollars="0.50"))
    later = await reserve(database, call(tenant, job_id, dollars="0.10"))
    assert await states(database, tenant) == {lost: ("failed", Decimal("0.6")), later: ("reserved", Decimal("0.1"))}
    # Its worker was only slow: what the call cost is known after all.
    await settle(database, tenant, lost, dollars="0.05")
    await reserve(database, call(tenant, job_id, dollars="0.85"))


async def test_a_call_of_an_earlier_attempt_is_settled_once_by_the_next(database: Database, tenant: Account) -> None:
    job_id, other_job = uuid4(), uuid4()
    lost = await reserve(database, call(tenant, job_id, dollars="0.30"))
    theirs = await reserve(database, call(tenant, other_job, dollars="0.30"))
    own = await reserve(database, replace(call(tenant, job_id, dollars="0.30"), attempt=2))

    async def settle_lost() -> None:
        async with database.tenant(tenant.organization_id) as connection:
            await settle_lost_calls(connection, tenant.organization_id, job_id=job_id, attempt=2)

    await asyncio.gather(*(settle_lost() for _ in range(8)))
    assert {number: state for number, (state, _) in (await states(database, tenant)).items()} == {
        lost: "failed",
        theirs: "reserved",
        own: "reserved",
    }
    async with database.tenant(tenant.organization_id) as connection:
        assert (await spending_of_job(connection, job_id)).dollars == Decimal("0.30")
        state = await budget_state(connection, tenant.organization_id, BUDGETS)
    assert (state.calls, state.spent.dollars, state.reserved.dollars) == (3, Decimal("0.30"), Decimal("0.60"))


async def states(database: Database, tenant: Account) -> dict[int, tuple[str, Decimal]]:
    async with database.tenant(tenant.organization_id) as connection:
        rows = await connection.execute(select(LlmCall.id, LlmCall.state, LlmCall.dollars))
        return {row.id: (row.state, row.dollars) for row in rows}


async def test_what_an_organization_sets_holds_from_the_next_question_on(database: Database, tenant: Account) -> None:
    async def chosen(budget: Budget) -> None:
        async with database.tenant(tenant.organization_id) as connection:
            await set_budget(connection, tenant.organization_id, budget)

    await chosen(Budget(tokens=150, dollars=None))
    await reserve(database, call(tenant, None, dollars="900"))
    with pytest.raises(LlmBudgetPassedError, match="only 50 of 150 left"):
        await reserve(database, call(tenant, None, dollars="900"))
    await chosen(Budget(tokens=None, dollars=None))
    await reserve(database, call(tenant, None, dollars="900", tokens=10**9))
    with pytest.raises(LlmBudgetPassedError, match="the job's budget"):
        await reserve(database, call(tenant, uuid4(), dollars="1.01"))
    await chosen(Budget(tokens=None, dollars=Decimal(0)))
    with pytest.raises(LlmBudgetPassedError, match=r"only \$0\.0000 of \$0\.00 left"):
        await reserve(database, call(tenant, None, dollars="0.01"))
    other = await make_tenant(database, "South")
    await reserve(database, call(other, None))
    async with database.tenant(other.organization_id) as connection:
        state = await budget_state(connection, other.organization_id, BUDGETS)
    assert (state.allowed, state.set_at, state.spent) == (BUDGETS.organization, None, Spending(0, Decimal(0)))
    assert state.reserved == Spending(100, Decimal("0.4"))


async def test_an_organization_may_have_a_budget_of_its_own(database: Database, tenant: Account) -> None:
    async with database.tenant(tenant.organization_id) as connection:
        await connection.execute(
            insert(LlmBudget).values(organization_id=tenant.organization_id, dollars=Decimal("0.50"))
        )
    await reserve(database, call(tenant, uuid4()))
    with pytest.raises(LlmBudgetPassedError, match="the organization's budget of 30 days"):
        await reserve(database, call(tenant, uuid4()))


async def test_old_calls_do_not_count(database: Database, tenant: Account) -> None:
    small = replace(BUDGETS, organization=Budget(1000, Decimal("0.50")))
    reservation = await reserve(database, call(tenant, uuid4()), small)
    await settle(database, tenant, reservation, dollars="0.40")
    with pytest.raises(LlmBudgetPassedError):
        await reserve(database, call(tenant, uuid4()), small)
    async with database.tenant(tenant.organization_id) as connection:
        await connection.execute(update(LlmCall).values(at=text("now() - interval '31 days'")))
    await reserve(database, call(tenant, uuid4()), small)


async def test_a_job_knows_what_it_has_spent_over_all_attempts(database: Database, tenant: Account) -> None:
    job_id = uuid4()
    for attempt, answered in ((1, True), (2, False), (2, True)):
        reservation = await reserve(database, replace(call(tenant, job_id, dollars="0.1"), attempt=attempt))
        await settle(database, tenant, reservation, dollars="0.02", answered=answered)
    await reserve(database, call(tenant, job_id, dollars="0.1"))
    async with database.tenant(tenant.organization_id) as connection:
        spent = await spending_of_job(connection, job_id)
    assert (spent.calls, spent.failed_calls, spent.input_tokens, spent.output_tokens) == (3, 1, 30, 15)
    assert spent.dollars == Decimal("0.06")


async def test_answers_are_kept_for_their_organization_only(database: Database, tenant: Account) -> None:
    other = await make_tenant(database, "South")
    async with database.tenant(tenant.organization_id) as connection:
        await keep_answer(connection, tenant.organization_id, key="k", model="m", answer="{}")
        await keep_answer(connection, tenant.organization_id, key="k", model="m", answer='{"later":1}')
        assert await kept_answer(connection, "k") == "{}"
    async with database.tenant(other.organization_id) as connection:
        assert await kept_answer(connection, "k") is None


async def test_nobody_sees_another_organizations_calls_and_budgets(database: Database, tenant: Account) -> None:
    await reserve(database, call(tenant, uuid4()))
    other = await make_tenant(database, "South")
    async with database.tenant(other.organization_id) as connection:
        for table in (LlmCall, LlmBudget, LlmAnswer):
            assert (await connection.execute(select(table.__table__))).all() == []
    for _ in range(6):
        await reserve(database, call(other, uuid4()))
