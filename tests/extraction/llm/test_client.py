"""A question to a model: paid for before anything can go wrong, within its budget, never more than it must be."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import msgspec
import pytest

from extraction.llm.client import LlmClient
from extraction.llm.errors import BudgetPassedError, LlmError, RefusedError, UnavailableError
from extraction.llm.ledger import ClosedLedger, Cost, MemoryLedger
from extraction.llm.settings import LlmSettings
from tests.extraction.llm.conftest import QUESTION, ClientOf
from tests.fakes.openai_server import REFUSAL, SERVER_ERROR, Behaviour, FakeOpenAI, too_many


class Kept:
    """Answers in a dictionary."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}

    async def get(self, key: str, /) -> str | None:
        return self.answers.get(key)

    async def put(self, key: str, model: str, text: str, /) -> None:
        self.answers[key] = text


async def test_an_answer_and_its_price(model: FakeOpenAI, client_of: ClientOf) -> None:
    ledger = MemoryLedger(1.0, 1_000_000)
    client = client_of(ledger=ledger, input_dollars_per_million=10, output_dollars_per_million=100)
    answer = await client.ask(QUESTION)
    assert answer.value == {"rows": [1, 2, 3]}
    assert (client.usage.calls, client.usage.failed_calls) == (1, 0)
    cost = client.usage.cost
    assert cost.tokens == model.used_tokens > 0
    assert cost.dollars == pytest.approx((10 * cost.input_tokens + 100 * cost.output_tokens) / 1e6)
    assert ledger.spent == cost
    (asked,) = model.asked
    assert (asked.endpoint, asked.form, asked.data) == ("responses", "json_schema", "one two three")
    assert asked.body["store"] is False


async def test_the_worst_cost_is_never_less_than_the_real_one(client_of: ClientOf) -> None:
    client = client_of()
    await client.ask(QUESTION)
    worst = QUESTION.worst(client.settings)
    assert worst.input_tokens >= client.usage.cost.input_tokens
    assert worst.dollars >= client.usage.cost.dollars


async def test_behind_a_closed_ledger_only_answers_of_before_are_to_be_had(
    model: FakeOpenAI, client_of: ClientOf
) -> None:
    kept = Kept()
    answer = await client_of(cache=kept).ask(QUESTION)
    closed = client_of(ledger=ClosedLedger(), cache=kept)
    assert (await closed.ask(QUESTION)).text == answer.text
    with pytest.raises(BudgetPassedError, match="No new question is asked"):
        await closed.ask(msgspec.structs.replace(QUESTION, data="four five six"))
    assert len(model.asked) == 1


async def test_a_question_that_would_pass_the_budget_is_not_sent(model: FakeOpenAI, client_of: ClientOf) -> None:
    poor = client_of(ledger=MemoryLedger(0.0001, 1_000_000))
    with pytest.raises(BudgetPassedError, match=r"only \$0\.0001 of \$0\.0001 left"):
        await poor.ask(QUESTION)
    short = client_of(ledger=MemoryLedger(1.0, 100))
    with pytest.raises(BudgetPassedError, match="only 100 of 100 left"):
        await short.ask(QUESTION)
    assert model.requests == []
    assert poor.usage.calls == 0


async def test_questions_at_the_same_time_share_the_budget(model: FakeOpenAI, client_of: ClientOf) -> None:
    one = QUESTION.worst(LlmSettings(api_key=None)).tokens
    model.misbehave(*[Behaviour(seconds=0.2)] * 9)
    client = client_of(ledger=MemoryLedger(1.0, 2 * one + 1))
    answers = await asyncio.gather(*(client.ask(QUESTION) for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(answer, BudgetPassedError) for answer in answers) >= 5
    assert model.used_tokens <= 2 * one + 1


async def test_only_so_many_questions_are_open_at_once(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(*[Behaviour(seconds=0.05)] * 12)
    client = client_of(concurrency=3)
    await asyncio.gather(*(client.ask(QUESTION) for _ in range(12)))
    assert model.most_open == 3


async def test_a_refusal_is_paid_and_told(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(REFUSAL)
    client = client_of()
    with pytest.raises(RefusedError, match="can't help"):
        await client.ask(QUESTION)
    assert client.usage.failed_calls == 1
    assert client.usage.cost.tokens == model.used_tokens > 0


async def test_of_a_truncated_answer_whole_rows_are_kept(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.oracle = lambda _: {"rows": [11, 22, 33, 44, 55]}
    model.misbehave(Behaviour(keep=0.7))
    client = client_of()
    answer = await client.ask(QUESTION)
    assert not answer.complete
    assert answer.value is None
    assert answer.items("rows") == [11, 22]  # the 33 at the end might have been the beginning of 331
    assert client.usage.cost.tokens == model.used_tokens


async def test_too_many_requests_are_waited_for(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(too_many(0.05), too_many(0.05))
    client = client_of(retries=2)
    assert (await client.ask(QUESTION)).value == {"rows": [1, 2, 3]}
    assert len(model.requests) == 3
    assert (client.usage.calls, client.usage.cost.tokens) == (1, model.used_tokens)


async def test_retries_are_bounded_and_a_server_that_failed_is_not_paid(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(*[SERVER_ERROR] * 9)
    ledger = MemoryLedger(1.0, 1_000_000)
    client = client_of(ledger=ledger, retries=1)
    with pytest.raises(UnavailableError, match="answered 500"):
        await client.ask(QUESTION)
    assert len(model.requests) == 2
    assert (client.usage.failed_calls, ledger.spent) == (1, Cost())


async def test_a_slow_answer_is_given_up_and_counts_as_paid(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(Behaviour(seconds=5))
    client = client_of(timeout_seconds=1.5)
    with pytest.raises(UnavailableError, match="TITLE1_LLM_TIMEOUT_SECONDS"):
        await client.ask(QUESTION)
    assert client.usage.cost == QUESTION.worst(client.settings)
    assert len(model.requests) == 1


async def test_a_cancelled_question_counts_as_paid(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(Behaviour(seconds=5))
    ledger = MemoryLedger(1.0, 1_000_000)
    client = client_of(ledger=ledger)
    asking = asyncio.create_task(client.ask(QUESTION))
    await asyncio.wait_for(model.arrived.wait(), 20)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert client.usage.failed_calls == 1
    assert ledger.spent == QUESTION.worst(client.settings)


async def test_an_answer_is_asked_for_once(model: FakeOpenAI, client_of: ClientOf) -> None:
    cache = Kept()
    first, second = client_of(cache=cache), client_of(cache=cache)
    assert (await first.ask(QUESTION)).value == (await second.ask(QUESTION)).value
    assert len(model.requests) == 1
    assert (second.usage.calls, second.usage.cached, second.usage.cost) == (0, 1, Cost())
    changed = [
        msgspec.structs.replace(QUESTION, data="one two three four"),
        msgspec.structs.replace(QUESTION, instructions="Count."),
        msgspec.structs.replace(QUESTION, version="2"),
        msgspec.structs.replace(QUESTION, image=b"\x89PNG"),
    ]
    for question in changed:
        await second.ask(question)
    assert len(model.requests) == 5


@pytest.mark.parametrize("behaviour", [Behaviour(keep=0.5), Behaviour(text="no JSON at all")], ids=["cut", "prose"])
async def test_an_answer_without_worth_is_not_kept(
    model: FakeOpenAI, client_of: ClientOf, behaviour: Behaviour
) -> None:
    cache = Kept()
    client = client_of(cache=cache)
    model.misbehave(behaviour)
    assert (await client.ask(QUESTION)).value is None
    assert cache.answers == {}
    assert (await client.ask(QUESTION)).value == {"rows": [1, 2, 3]}


async def test_a_server_that_counts_no_tokens_is_estimated(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(Behaviour(counts_tokens=False))
    client = client_of()
    await client.ask(QUESTION)
    assert client.usage.cost.input_tokens == QUESTION.worst(client.settings).input_tokens
    assert client.usage.cost.output_tokens > 0


async def test_a_model_that_thinks_gets_room_for_it(model: FakeOpenAI, client_of: ClientOf) -> None:
    await client_of(reasoning_tokens=4000).ask(QUESTION)
    assert model.asked[0].max_output_tokens == QUESTION.max_output_tokens + 4000


async def test_wrong_keys_models_and_addresses_are_explained(client_of: ClientOf) -> None:
    with pytest.raises(UnavailableError, match="OPENAI_API_KEY"):
        await client_of(api_key="wrong").ask(QUESTION)
    with pytest.raises(UnavailableError, match=r"no model gpt-none at http.*TITLE1_LLM_MODEL"):
        await client_of(model="gpt-none").ask(QUESTION)
    nowhere = client_of(base_url="http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9/v1 cannot be reached.*OPENAI_BASE_URL"):
        await nowhere.ask(QUESTION)
    assert nowhere.usage.cost == Cost()


def test_without_key_and_server_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = LlmSettings()
    assert not settings.configured
    with pytest.raises(LlmError, match="set OPENAI_API_KEY"):
        LlmClient(settings, MemoryLedger(1, 1))


def test_the_openai_package_is_loaded_only_when_something_is_asked() -> None:
    code = "import sys, extraction.llm.client; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
