"""The ledger: what questions cost, and the budget that stops one before it is sent.

Each question first reserves what it costs at its worst. The reservation is settled with what it really cost; where
nobody can know that (the answer was waited for in vain) it is settled as it was reserved.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from extraction.llm.errors import BudgetPassedError
from extraction.llm.settings import LlmSettings


class Cost(msgspec.Struct, frozen=True):
    """Tokens and what they cost."""

    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float = 0.0

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.dollars + other.dollars,
        )


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client's questions have cost so far."""

    calls: int = 0
    """Questions that were sent."""
    failed_calls: int = 0
    """Those of them that brought no answer that can be used."""
    cached: int = 0
    """Questions whose answer was known from before."""
    cost: Cost = Cost()


class PlannedCall(msgspec.Struct, frozen=True):
    """A question that is about to be sent."""

    purpose: str
    model: str
    worst: Cost
    seconds: float
    """After this time it has ended in any case."""


class Ledger(Protocol):
    """Where reservations are kept."""

    async def reserve(self, call: PlannedCall, /) -> int:
        """Sets the call's worst cost aside and returns the reservation's number.

        Raises:
            BudgetPassedError: it would pass a budget; the message names which.
        """
        ...

    async def settle(self, reservation: int, cost: Cost, /, *, ok: bool) -> None:
        """Replaces a reservation by what the call cost; `ok` says whether it brought an answer."""
        ...


class MemoryLedger:
    """A ledger for one run of a command."""

    def __init__(self, dollars: float, tokens: int) -> None:
        self._dollars = dollars
        self._tokens = tokens
        self._entries: list[Cost] = []

    async def reserve(self, call: PlannedCall, /) -> int:
        """See `Ledger`."""
        spent = self.spent
        check_budget("this run's", self._dollars, self._tokens, spent, call.worst)
        self._entries.append(call.worst)
        return len(self._entries) - 1

    async def settle(self, reservation: int, cost: Cost, /, *, ok: bool) -> None:  # noqa: ARG002  nobody asks later
        """See `Ledger`."""
        self._entries[reservation] = cost

    @property
    def spent(self) -> Cost:
        """What was spent or is reserved."""
        return sum(self._entries, Cost())


class ClosedLedger:
    """A ledger that lets no question through: only answers of before are to be had."""

    async def reserve(self, call: PlannedCall, /) -> int:
        """See `Ledger`."""
        raise BudgetPassedError(f"No new question is asked here ({call.purpose}); answers of before are used.")

    async def settle(self, reservation: int, cost: Cost, /, *, ok: bool) -> None:
        """See `Ledger`; nothing is ever reserved."""


def check_budget(whose: str, dollars: float, tokens: int, spent: Cost, worst: Cost) -> None:
    """Refuse a call that would pass a budget.

    Raises:
        BudgetPassedError: it would.
    """
    if spent.dollars + worst.dollars > dollars:
        raise BudgetPassedError(
            f"The next question could cost ${worst.dollars:.4f}, and {whose} budget has only"
            f" ${max(0.0, dollars - spent.dollars):.4f} of ${dollars:g} left. Raise it, or go on without the model."
        )
    if spent.tokens + worst.tokens > tokens:
        raise BudgetPassedError(
            f"The next question could take {worst.tokens:,} tokens, and {whose} budget has only"
            f" {max(0, tokens - spent.tokens):,} of {tokens:,} left. Raise it, or go on without the model."
        )


def priced(settings: LlmSettings, input_tokens: int, output_tokens: int) -> Cost:
    """Tokens with their price."""
    dollars = (
        input_tokens * settings.input_dollars_per_million + output_tokens * settings.output_dollars_per_million
    ) / 1_000_000
    return Cost(input_tokens, output_tokens, dollars)
