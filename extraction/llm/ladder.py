"""The ladder: servers speak more or less of OpenAI's language, so we begin at the top and step down where we must.

Which step a server stands on is learned by asking and remembered per address and model for the life of the process.
"""

from __future__ import annotations

import base64
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from extraction.llm.questions import Question, fenced
from extraction.llm.settings import LlmSettings

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

STEP_DOWN = frozenset({400, 404, 405, 415, 422, 501})
"""Statuses by which a server says that it does not know what we want; a wrong key or a full queue is no such."""
_NOT_OUR_WORDS = frozenset(
    {"model_not_found", "context_length_exceeded", "content_policy_violation", "insufficient_quota", "invalid_image"}
)
"""Error codes that other words would not change."""


class Rung(IntEnum):
    """How the shape of an answer is asked for."""

    RESPONSES = 0
    """Responses API with a strict schema."""
    CHAT_SCHEMA = 1
    """Chat API with a strict schema."""
    CHAT_JSON = 2
    """Chat API that promises some JSON; the schema stands in the instructions."""
    CHAT_TEXT = 3
    """Chat API without a promise."""


class Manner(msgspec.Struct, frozen=True):
    """How one server wants to be asked."""

    rung: Rung = Rung.RESPONSES
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the chat API calls the longest answer."""
    steady: bool = True
    """Whether the temperature may be set; models that reason refuse it."""


class Reply(msgspec.Struct, frozen=True):
    """What a server said, in one form for all rungs."""

    text: str
    complete: bool
    refusal: str | None
    input_tokens: int | None
    output_tokens: int | None


_LEARNED: dict[tuple[str | None, str], Manner] = {}


def manner_of(settings: LlmSettings) -> Manner:
    """How to begin with a server."""
    return _LEARNED.get((settings.base_url, settings.model), Manner())


def remember(settings: LlmSettings, manner: Manner) -> None:
    """A server answered when it was asked in this manner."""
    _LEARNED[settings.base_url, settings.model] = manner


def lower(manner: Manner, error: APIStatusError) -> Manner | None:
    """How to ask instead after an error; None where other words would not help."""
    if error.status_code not in STEP_DOWN or error.code in _NOT_OUR_WORDS:
        return None
    complaint = f"{error.param or ''} {error.message}"
    if manner.steady and "temperature" in complaint:
        return msgspec.structs.replace(manner, steady=False)
    if manner.rung is not Rung.RESPONSES and manner.limit == "max_tokens" and "max_tokens" in complaint:
        return msgspec.structs.replace(manner, limit="max_completion_tokens")
    return below(manner)


def below(manner: Manner) -> Manner | None:
    """The next rung down."""
    if manner.rung is Rung.CHAT_TEXT:
        return None
    return msgspec.structs.replace(manner, rung=Rung(manner.rung + 1))


async def send(client: AsyncOpenAI, model: str, question: Question, manner: Manner) -> Reply | None:
    """Ask in one manner; None where the server's answer has no form that we know."""
    if manner.rung is Rung.RESPONSES:
        request = _responses_request(model, question, manner)
        said: object = await client.responses.create(**cast("Any", request))
        return _of_response(said)
    said = await client.chat.completions.create(**cast("Any", _chat_request(model, question, manner)))
    return _of_chat(said)


def _responses_request(model: str, question: Question, manner: Manner) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "input_text", "text": fenced(question.data)}]
    if question.image is not None:
        content.append({"type": "input_image", "detail": "high", "image_url": _data_url(question.image)})
    return {
        "model": model,
        "instructions": question.instructions,
        "input": [{"role": "user", "content": content}],
        "text": {
            "format": {
                "type": "json_schema",
                "name": question.schema_name,
                "strict": True,
                "schema": question.schema,
            }
        },
        "max_output_tokens": question.max_output_tokens,
        "store": False,
        "prompt_cache_key": f"title1-{question.purpose}-{question.version}",
        **({"temperature": 0} if manner.steady else {}),
    }


def _chat_request(model: str, question: Question, manner: Manner) -> dict[str, Any]:
    instructions = question.instructions
    form: dict[str, Any] = {}
    if manner.rung is Rung.CHAT_SCHEMA:
        form["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": question.schema_name, "strict": True, "schema": question.schema},
        }
    else:
        schema = msgspec.json.encode(question.schema).decode()
        instructions += f"\n\nAnswer with one JSON object and nothing else, by this JSON schema:\n{schema}"
        if manner.rung is Rung.CHAT_JSON:
            form["response_format"] = {"type": "json_object"}
    content: list[dict[str, Any]] = [{"type": "text", "text": fenced(question.data)}]
    if question.image is not None:
        content.append({"type": "image_url", "image_url": {"url": _data_url(question.image), "detail": "high"}})
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": instructions},
            # Small servers know only text, so a list of parts is sent where there is an image.
            {"role": "user", "content": content if question.image is not None else content[0]["text"]},
        ],
        manner.limit: question.max_output_tokens,
        **form,
        **({"temperature": 0} if manner.steady else {}),
    }


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _of_response(said: Any) -> Reply | None:
    """A reply of the Responses API. The client builds its objects unchecked, so nothing is sure to be there."""
    parts = [
        part
        for item in _list(said, "output")
        if getattr(item, "type", None) == "message"
        for part in _list(item, "content")
    ]
    status = getattr(said, "status", None)
    if not isinstance(getattr(said, "output", None), list) or status not in {"completed", "incomplete", None}:
        return None
    refusals = [str(getattr(part, "refusal", "")) for part in parts if getattr(part, "type", None) == "refusal"]
    return Reply(
        text="".join(str(getattr(part, "text", "")) for part in parts if getattr(part, "type", None) == "output_text"),
        complete=status != "incomplete",
        refusal=" ".join(refusals) if refusals else None,
        input_tokens=_count(said, "input_tokens"),
        output_tokens=_count(said, "output_tokens"),
    )


def _of_chat(said: Any) -> Reply | None:
    choices = _list(said, "choices")
    message: Any = getattr(choices[0], "message", None) if choices else None
    if message is None:
        return None
    ending = getattr(choices[0], "finish_reason", None)
    refusal = getattr(message, "refusal", None)
    return Reply(
        text=str(getattr(message, "content", None) or ""),
        complete=ending != "length",
        refusal=str(refusal) if refusal else "filtered" if ending == "content_filter" else None,
        input_tokens=_count(said, "prompt_tokens"),
        output_tokens=_count(said, "completion_tokens"),
    )


def _list(thing: Any, name: str) -> list[Any]:
    found = getattr(thing, name, None)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _count(said: Any, name: str) -> int | None:
    number = getattr(getattr(said, "usage", None), name, None)
    return number if isinstance(number, int) and number >= 0 else None
