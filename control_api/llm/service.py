"""An organization's budget for language models between HTTP and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.llm.schemas import Amount, BudgetLimits, BudgetView, Rest
from extraction.llm.settings import LlmSettings
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.job_llm import configured_budgets, exact
from storage.llm import Budget, Spending, budget_state, reset_budget, set_budget


@dataclass(frozen=True, slots=True)
class BudgetService:
    """What an account may do with its organization's budget."""

    database: Database
    account: Account
    settings: LlmSettings

    async def get(self) -> BudgetView:
        """The budget and what of it is gone."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return await self._view(connection)

    async def set(self, limits: BudgetLimits) -> BudgetView:
        """Replaces the limits; they hold from the next question on."""
        dollars = None if limits.dollars is None else exact(limits.dollars)
        async with self.database.tenant(self.account.organization_id) as connection:
            await set_budget(connection, self.account.organization_id, Budget(limits.tokens, dollars))
            detail = {"dollars": limits.dollars, "tokens": limits.tokens}
            await record(connection, Act.BUDGET_CHANGE, self.account, detail=detail)
            return await self._view(connection)

    async def reset(self) -> BudgetView:
        """Goes back to the limits of the settings."""
        async with self.database.tenant(self.account.organization_id) as connection:
            await reset_budget(connection, self.account.organization_id)
            await record(connection, Act.BUDGET_CHANGE, self.account, detail={"reset": True})
            return await self._view(connection)

    async def _view(self, connection: AsyncConnection) -> BudgetView:
        budgets = configured_budgets(self.settings)
        state = await budget_state(connection, self.account.organization_id, budgets)
        allowed, spent, reserved = state.allowed, state.spent, state.reserved
        dollars_left = tokens_left = None
        if allowed.dollars is not None:
            dollars_left = _shown(max(Decimal(0), allowed.dollars - spent.dollars - reserved.dollars))
        if allowed.tokens is not None:
            tokens_left = max(0, allowed.tokens - spent.tokens - reserved.tokens)
        return BudgetView(
            dollars=None if allowed.dollars is None else _shown(allowed.dollars),
            tokens=allowed.tokens,
            set_at=state.set_at,
            days=budgets.days,
            since=state.since,
            calls=state.calls,
            spent=_amount(spent),
            reserved=_amount(reserved),
            left=Rest(dollars=dollars_left, tokens=tokens_left),
        )


def _amount(spending: Spending) -> Amount:
    return Amount(dollars=_shown(spending.dollars), tokens=spending.tokens)


def _shown(dollars: Decimal) -> float:
    return float(round(dollars, 6))
