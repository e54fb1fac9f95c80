"""The client: puts a question within the budget, and tells its cost before anything can go wrong with the answer."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from extraction.llm import ladder
from extraction.llm.errors import LlmError, RefusedError, UnavailableError
from extraction.llm.ladder import Reply
from extraction.llm.ledger import Cost, Ledger, PlannedCall, Usage, priced
from extraction.llm.questions import Answer, AnswerCache, Question
from extraction.llm.settings import LlmSettings

if TYPE_CHECKING:
    from openai import APIConnectionError, APIStatusError, AsyncOpenAI

_SETTLING_SECONDS = 30.0
"""Beyond the longest question, until a reservation counts as forgotten."""


class LlmClient:
    """Asks one model.

    Args:
        settings: Which, and how.
        ledger: What may be spent.
        cache: Answers of before, if they are kept.

    Raises:
        LlmError: nobody to ask is configured.
    """

    def __init__(self, settings: LlmSettings, ledger: Ledger, cache: AnswerCache | None = None) -> None:
        if not settings.configured:
            raise LlmError("No model can be asked: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.")
        self.settings = settings
        self.usage = Usage()
        self._ledger = ledger
        self._cache = cache
        self._open = asyncio.Semaphore(settings.concurrency)
        self._openai: AsyncOpenAI | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._openai is not None:
            await self._openai.close()

    async def ask(self, question: Question) -> Answer:
        """The model's answer, or the one it gave before.

        Raises:
            BudgetPassedError: the question was not sent.
            RefusedError: the model declined.
            UnavailableError: no answer came.
        """
        thinking = self.settings.reasoning_tokens
        question = msgspec.structs.replace(question, max_output_tokens=question.max_output_tokens + thinking)
        key = question.key(self.settings)
        if self._cache is not None and (known := await self._cache.get(key)) is not None:
            self.usage = msgspec.structs.replace(self.usage, cached=self.usage.cached + 1)
            return Answer(known)
        async with self._open:
            reply = await self._paid(question)
        if reply.refusal is not None:
            raise RefusedError(f"The model declined to answer: {reply.refusal[:200]}")
        answer = Answer(reply.text, reply.complete)
        if self._cache is not None and answer.complete and answer.value is not None:
            await self._cache.put(key, self.settings.model, answer.text)
        return answer

    async def _paid(self, question: Question) -> Reply:
        """One call: reserved, sent, settled, however it ends."""
        from openai import APIConnectionError, APIStatusError, OpenAIError  # noqa: PLC0415  a second; seldom needed

        worst = question.worst(self.settings)
        seconds = self.settings.timeout_seconds + _SETTLING_SECONDS
        ticket = await self._ledger.reserve(PlannedCall(question.purpose, self.settings.model, worst, seconds))
        cost, answered = worst, False
        try:
            # Retries happen inside this bound and only where nothing was answered, so one question is paid once.
            async with asyncio.timeout(self.settings.timeout_seconds):
                reply = await self._down_the_ladder(question)
            cost = self._cost(reply, worst)
            answered = reply.refusal is None
        except TimeoutError as error:
            raise UnavailableError(
                f"The model {self.settings.model} did not answer within {self.settings.timeout_seconds:g} s"
                " (TITLE1_LLM_TIMEOUT_SECONDS)."
            ) from error
        except APIStatusError as error:
            cost = Cost()
            raise self._explained(error) from error
        except APIConnectionError as error:
            if _never_sent(error):
                cost = Cost()
            cause = error.__cause__ or error
            raise UnavailableError(
                f"The model's server {self._address} cannot be reached: {cause}. Check OPENAI_BASE_URL."
            ) from error
        except OpenAIError as error:
            raise UnavailableError(f"The model's server {self._address} gave no answer: {error}") from error
        except UnavailableError:
            cost = Cost()
            raise
        else:
            return reply
        finally:
            # Also when this task is cancelled: what was sent is paid, and the ledger must know it.
            await asyncio.shield(self._settle(ticket, cost, answered=answered))

    async def _settle(self, ticket: int, cost: Cost, *, answered: bool) -> None:
        usage = self.usage
        self.usage = msgspec.structs.replace(
            usage,
            calls=usage.calls + 1,
            failed_calls=usage.failed_calls + (not answered),
            cost=usage.cost + cost,
        )
        await self._ledger.settle(ticket, cost, ok=answered)

    async def _down_the_ladder(self, question: Question) -> Reply:
        """Ask as this server is known to like it, and step down where it does not understand."""
        from openai import APIStatusError  # noqa: PLC0415

        manner: ladder.Manner | None = ladder.manner_of(self.settings)
        refused: APIStatusError | None = None
        while manner is not None:
            try:
                reply = await ladder.send(self._connected(), self.settings.model, question, manner)
            except APIStatusError as error:
                refused = refused or error
                manner = ladder.lower(manner, error)
                if manner is None:
                    # The first complaint is about what was really asked; a wrong key may be told only further down.
                    if error.status_code in ladder.STEP_DOWN and refused is not error:
                        raise refused from error
                    raise
                continue
            if reply is not None:
                ladder.remember(self.settings, manner)
                return reply
            manner = ladder.below(manner)
        raise UnavailableError(f"{self._address} answers, but not as an OpenAI-compatible API. Check OPENAI_BASE_URL.")

    def _connected(self) -> AsyncOpenAI:
        if self._openai is None:
            from openai import AsyncOpenAI  # noqa: PLC0415

            key = self.settings.api_key.get_secret_value() if self.settings.api_key else ""
            self._openai = AsyncOpenAI(
                api_key=key or "none",  # servers of one's own often want none, and the client insists on one
                base_url=self.settings.base_url or None,
                max_retries=self.settings.retries,
                # Our own bound is shorter: a try that the client gives up and repeats could be paid twice.
                timeout=self.settings.timeout_seconds + _SETTLING_SECONDS,
            )
        return self._openai

    def _cost(self, reply: Reply, worst: Cost) -> Cost:
        """What a reply cost; where the server counts nothing, what was estimated for both ways."""
        sent = reply.input_tokens if reply.input_tokens is not None else worst.input_tokens
        got = reply.output_tokens if reply.output_tokens is not None else min(worst.output_tokens, len(reply.text) // 2)
        return priced(self.settings, sent, got)

    def _explained(self, error: APIStatusError) -> UnavailableError:
        words = {
            401: "The key is not accepted: check OPENAI_API_KEY.",
            403: "The key may not use this model: check OPENAI_API_KEY and TITLE1_LLM_MODEL.",
            404: f"There is no model {self.settings.model} at {self._address}: check TITLE1_LLM_MODEL.",
            429: "Its limit or quota is reached: try again later.",
        }
        hint = words.get(error.status_code, "Try again later.")
        return UnavailableError(f"The model's server answered {error.status_code}: {error.message[:200]} {hint}")

    @property
    def _address(self) -> str:
        return self.settings.base_url or "https://api.openai.com/v1"


def _never_sent(error: APIConnectionError) -> bool:
    """Whether the connection failed before anything was sent over it."""
    import httpx2  # noqa: PLC0415  comes with the openai client

    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
