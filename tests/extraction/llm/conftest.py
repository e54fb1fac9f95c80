"""A fake model, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from extraction.llm.client import LlmClient
from extraction.llm.ledger import Ledger, MemoryLedger
from extraction.llm.questions import AnswerCache, Question
from extraction.llm.settings import LlmSettings
from tests.fakes.openai_server import KEY, FakeOpenAI, serving

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["rows"],
    "properties": {"rows": {"type": "array", "items": {"type": "integer"}}},
}
QUESTION = Question("test", "Count the words.", "one two three", "counts", SCHEMA, 500)

ClientOf = Callable[..., LlmClient]


@pytest.fixture
async def model() -> AsyncGenerator[FakeOpenAI]:
    async with serving(lambda _: {"rows": [1, 2, 3]}) as server:
        yield server


@pytest.fixture
async def client_of(model: FakeOpenAI) -> AsyncGenerator[ClientOf]:
    """Makes clients of the model; with a ledger, a cache or settings that a test cares about."""
    async with AsyncExitStack() as stack:

        def make(*, ledger: Ledger | None = None, cache: AnswerCache | None = None, **settings: Any) -> LlmClient:
            values: dict[str, Any] = {
                "api_key": SecretStr(KEY),
                "base_url": model.url,
                "timeout_seconds": 20,
            } | settings
            client = LlmClient(LlmSettings(**values), ledger or MemoryLedger(1.0, 1_000_000), cache)
            stack.push_async_exit(client.__aexit__)
            return client

        yield make
