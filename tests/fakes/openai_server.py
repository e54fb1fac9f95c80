"""A server that speaks OpenAI's language on loopback: the Responses and the chat API, with a model that a test plays.

It refuses what the real one refuses (a wrong key, a schema that is not strict, an unknown model), cuts an answer at its
longest, counts tokens, and can be told to misbehave, answer by answer.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from extraction.llm import ladder

KEY = "sk-test-of-title1"
MODEL = "gpt-4o-mini"
_DATA = re.compile(r"===== DATA (\w+) =====\n(.*)\n===== END OF DATA \1 =====", re.DOTALL)
_UNKNOWN_KEYWORDS = {"default", "minLength", "maxLength", "pattern", "minimum", "maximum", "format", "minItems"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was understood."""

    endpoint: Literal["responses", "chat"]
    form: Literal["json_schema", "json_object", "text"]
    schema_name: str | None
    instructions: str
    text: str
    """All that the user's message says."""
    images: int
    max_output_tokens: int | None
    input_tokens: int
    body: dict[str, Any]

    @property
    def data(self) -> str:
        """What stands between the marks of data."""
        found = _DATA.search(self.text)
        assert found is not None, "the data stands between its marks"
        return found[2]

    @property
    def rows(self) -> dict[int, list[str]]:
        """The numbered rows of the data, parted into their cells."""
        found = re.findall(r"^\[(\d+)\] (.*)$", self.data, flags=re.MULTILINE)
        return {int(number): [cell.strip() for cell in cells.split(" | ")] for number, cells in found}


Oracle = Callable[[Asked], object]
"""What the model answers: a value that is sent as JSON, or a text that is sent as it is."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one request is answered, instead of well."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    error: dict[str, Any] = field(default_factory=dict[str, Any])
    refusal: str | None = None
    keep: float | None = None
    """The share of the answer that comes before it is cut off."""
    text: str | None = None
    """Instead of the model's answer."""
    seconds: float = 0.0
    page: str | None = None
    """HTML, as from a proxy."""
    counts_tokens: bool = True


WELL = Behaviour()
REFUSAL = Behaviour(refusal="I'm sorry, I can't help with that.")
SERVER_ERROR = Behaviour(status=500, error={"message": "The server had an error", "type": "server_error"})


def too_many(retry_after: float) -> Behaviour:
    """429 with the time to wait."""
    error = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
    return Behaviour(status=429, headers={"Retry-After": f"{retry_after:g}"}, error=error)


class FakeOpenAI:
    """The server. `misbehave` lines up behaviours for the next requests; when none is left it behaves well."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.url = ""
        self.asked: list[Asked] = []
        """Requests that reached the model."""
        self.requests: list[str] = []
        """Paths of all requests."""
        self.taken = 0
        """Requests that were taken on, answered yet or not."""
        self.arrived = asyncio.Event()
        """Set by the first request."""
        self.open = 0
        self.most_open = 0
        self.missing: set[str] = set()
        """What this server does not know: `responses`, `chat`, `json_schema`, `json_object`, `temperature`,
        `max_tokens`."""
        self.obeys_schemas = True
        self.used_tokens = 0
        self._behaviours: deque[Behaviour] = deque()

    def misbehave(self, *behaviours: Behaviour) -> None:
        """The next requests are answered so, one after the other."""
        self._behaviours.extend(behaviours)

    async def responses(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "responses")

    async def chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "chat")

    async def _answer(self, request: web.Request, endpoint: Literal["responses", "chat"]) -> web.StreamResponse:
        self.requests.append(request.path)
        self.arrived.set()
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self._judged(request, endpoint)
        finally:
            self.open -= 1

    async def _judged(self, request: web.Request, endpoint: Literal["responses", "chat"]) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided", code="invalid_api_key")
        if endpoint in self.missing:
            return web.Response(status=404, text="404 page not found")
        body: dict[str, Any] = await request.json()
        if (refused := self._refused(body, endpoint)) is not None:
            return refused
        behaviour = self._behaviours.popleft() if self._behaviours else WELL
        self.taken += 1
        await asyncio.sleep(behaviour.seconds)
        if behaviour.page is not None:
            return web.Response(text=behaviour.page, content_type="text/html")
        if behaviour.status != 200:
            return web.json_response({"error": behaviour.error}, status=behaviour.status, headers=behaviour.headers)
        asked = _asked(body, endpoint)
        self.asked.append(asked)
        said = self.oracle(asked) if behaviour.text is None else behaviour.text
        text = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"))
        if asked.form == "text" and behaviour.text is None:
            text = f"Sure! Here it is:\n```json\n{text}\n```\nAnything else?"
        whole, text = text, _cut(text, asked, behaviour.keep)
        spent = _tokens(text) if behaviour.refusal is None else _tokens(behaviour.refusal)
        self.used_tokens += asked.input_tokens + spent
        form = _response if endpoint == "responses" else _completion
        reply = form(asked, text, behaviour.refusal, complete=text == whole, spent=spent)
        if not behaviour.counts_tokens:
            reply["usage"] = None
        return web.json_response(reply)

    def _refused(self, body: dict[str, Any], endpoint: str) -> web.Response | None:
        """What OpenAI says to a request that it does not take."""
        if body.get("model") != MODEL:
            return _error(404, f"The model `{body.get('model')}` does not exist", code="model_not_found")
        if "temperature" in self.missing and "temperature" in body:
            return _error(400, "Unsupported parameter: 'temperature'", param="temperature")
        if "max_tokens" in self.missing and "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return _error(400, message, param="max_tokens")
        form = body.get("text", {}).get("format") if endpoint == "responses" else body.get("response_format")
        kind = (form or {}).get("type", "text")
        if kind in self.missing:
            return _error(400, f"response_format {kind} is not supported", param="response_format")
        schema = form if endpoint == "responses" else (form or {}).get("json_schema")
        if kind == "json_schema" and (wrong := _not_strict((schema or {}).get("schema", {}))):
            return _error(400, f"Invalid schema: {wrong}", param="text.format.schema", code="invalid_json_schema")
        return None


@asynccontextmanager
async def serving(oracle: Oracle) -> AsyncGenerator[FakeOpenAI]:
    """A server for the length of the block."""
    server = FakeOpenAI(oracle)
    application = web.Application(client_max_size=64 * 2**20)
    application.router.add_post("/v1/responses", server.responses)
    application.router.add_post("/v1/chat/completions", server.chat)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ladder._LEARNED.clear()  # an earlier server may have had this very port, and other manners
        yield server
    finally:
        await runner.cleanup()


def _asked(body: dict[str, Any], endpoint: Literal["responses", "chat"]) -> Asked:
    if endpoint == "responses":
        form = body.get("text", {}).get("format", {})
        parts, instructions, schema = body["input"][0]["content"], body.get("instructions", ""), form
        limit = body.get("max_output_tokens")
    else:
        form = body.get("response_format", {})
        instructions, said = body["messages"][0]["content"], body["messages"][1]["content"]
        parts = [{"type": "text", "text": said}] if isinstance(said, str) else said
        schema = form.get("json_schema", {})
        limit = body.get("max_tokens", body.get("max_completion_tokens"))
    text = "".join(part["text"] for part in parts if part["type"] in {"input_text", "text"})
    return Asked(
        endpoint=endpoint,
        form=form.get("type", "text"),
        schema_name=schema.get("name"),
        instructions=instructions,
        text=text,
        images=sum(part["type"] in {"input_image", "image_url"} for part in parts),
        max_output_tokens=limit,
        input_tokens=_tokens(instructions + text + json.dumps(schema.get("schema", ""))),
        body=body,
    )


def _cut(text: str, asked: Asked, keep: float | None) -> str:
    if keep is not None:
        text = text[: int(len(text) * keep)]
    return text if asked.max_output_tokens is None else text[: 4 * asked.max_output_tokens]


def _tokens(text: str) -> int:
    """As many as English has, about."""
    return -(-len(text) // 4)


def _response(asked: Asked, text: str, refusal: str | None, *, complete: bool, spent: int) -> dict[str, Any]:
    part = {"type": "refusal", "refusal": refusal} if refusal else {"type": "output_text", "text": text}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed" if complete else "incomplete",
        "error": None,
        "incomplete_details": None if complete else {"reason": "max_output_tokens"},
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "model": asked.body["model"],
        "output": [
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed" if complete else "incomplete",
                "role": "assistant",
                "content": [{"annotations": [], **part}],
            }
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": asked.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": spent,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked.input_tokens + spent,
        },
    }


def _completion(asked: Asked, text: str, refusal: str | None, *, complete: bool, spent: int) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked.body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None if refusal else text, "refusal": refusal},
                "finish_reason": "stop" if complete else "length",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": asked.input_tokens,
            "completion_tokens": spent,
            "total_tokens": asked.input_tokens + spent,
        },
    }


def _error(status: int, message: str, *, code: str | None = None, param: str | None = None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return web.json_response({"error": error}, status=status)


def _not_strict(schema: Any) -> str | None:
    """What strict mode does not take about a schema."""
    if isinstance(schema, list):
        return next((wrong for part in schema if (wrong := _not_strict(part))), None)
    if not isinstance(schema, dict):
        return None
    if unknown := _UNKNOWN_KEYWORDS & schema.keys():
        return f"{sorted(unknown)} are not permitted"
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "additionalProperties must be false"
        if sorted(schema.get("required", [])) != sorted(schema.get("properties", {})):
            return "required must name every property"
    return next((wrong for part in schema.values() if (wrong := _not_strict(part))), None)
