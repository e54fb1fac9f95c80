"""An organization's budget for language models, as it is set and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Dollars = Annotated[
    float, msgspec.Meta(ge=0, le=10_000_000, description="US dollars, to a hundredth of a cent; null is no limit.")
]
Tokens = Annotated[int, msgspec.Meta(ge=0, le=10**15, description="Tokens, both ways; null is no limit.")]


class BudgetLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be spent within the budget's days. Both limits are named, so that none is lifted by being forgotten."""

    dollars: Dollars | None
    tokens: Tokens | None


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars and tokens."""

    dollars: float
    tokens: int


class Rest(msgspec.Struct, frozen=True, kw_only=True):
    """What is left; null where there is no limit."""

    dollars: float | None
    tokens: int | None


class BudgetView(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization's questions to language models may cost, and what they have cost."""

    dollars: float | None
    """The limit; null: none."""
    tokens: int | None
    """The limit, questions and answers together; null: none."""
    set_at: datetime | None
    """When the organization set its limits; null: they are those of the settings."""
    days: int
    """The budget holds for any so many days."""
    since: datetime
    """What was spent before no longer counts."""
    calls: int
    """Questions since then."""
    spent: Amount
    """What they cost; of a question whose worker died, what it may have cost at most."""
    reserved: Amount
    """What open questions may cost at most."""
    left: Rest
