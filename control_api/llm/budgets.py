"""The budgets of the settings, as the ledger counts them."""

from __future__ import annotations

from decimal import Decimal

from extraction.llm.settings import BUDGET_DAYS, LlmSettings
from storage.llm import Budget, LlmBudgets


def configured_budgets(settings: LlmSettings) -> LlmBudgets:
    """What a job may spend, and an organization that has set no budget of its own."""
    return LlmBudgets(
        Budget(settings.job_tokens, exact(settings.job_dollars)),
        Budget(settings.organization_tokens, exact(settings.organization_dollars)),
        BUDGET_DAYS,
    )


def exact(dollars: float) -> Decimal:
    """Dollars as the ledger adds them up."""
    return Decimal(f"{dollars:.8f}")
