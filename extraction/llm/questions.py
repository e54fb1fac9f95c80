"""A question to a model, and its answer."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import msgspec

from extraction.llm.json_text import json_in, whole_items
from extraction.llm.ledger import Cost, priced
from extraction.llm.settings import LlmSettings

_BYTES_PER_TOKEN = 2.0
"""Tables of names and numbers run at 3 to 4 bytes a token; the estimate has to be on the safe side."""
_FRAME_TOKENS = 60
"""What the form of a request adds."""


class Question(msgspec.Struct, frozen=True):
    """What is asked, about what, and how the answer must look."""

    purpose: str
    """For the ledger: `column_plan`, `rows`."""
    instructions: str
    data: str
    """Text of strangers. It is sent as data between marks that it cannot contain."""
    schema_name: str
    schema: dict[str, Any]
    max_output_tokens: int
    image: bytes | None = None
    """A PNG of what the data was read from."""
    version: str = "1"
    """Of what is made of the answer; an older answer is asked for again."""

    def key(self, settings: LlmSettings) -> str:
        """Equal for equal questions to equal models."""
        said = (
            self.instructions,
            self.data,
            self.schema,
            hashlib.sha256(self.image).hexdigest() if self.image else None,
            self.max_output_tokens,
            self.version,
            settings.model,
            settings.base_url,
        )
        return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()

    def worst(self, settings: LlmSettings) -> Cost:
        """What it costs if the answer is as long as it may be."""
        # The schema is sent twice at most: as a schema and, to servers that know none, in words.
        said = len((self.instructions + fenced(self.data)).encode()) + 2 * len(msgspec.json.encode(self.schema))
        tokens = _FRAME_TOKENS + int(said / _BYTES_PER_TOKEN) + (settings.image_tokens if self.image else 0)
        return priced(settings, tokens, self.max_output_tokens)


class Answer(msgspec.Struct, frozen=True):
    """What a model answered."""

    text: str
    complete: bool = True
    """False where it was cut off at its longest."""

    @property
    def value(self) -> object:
        """The JSON in the text; None where there is none, or only a part of it."""
        return json_in(self.text)

    def items(self, key: str) -> list[object]:
        """The items of one of its lists, as far as they came whole."""
        value = self.value
        if isinstance(value, dict) and isinstance(listed := value.get(key), list):
            return list(listed)
        return whole_items(self.text, key)


class AnswerCache(Protocol):
    """Answers of before."""

    async def get(self, key: str, /) -> str | None:
        """The answer's text, if this was asked before."""
        ...

    async def put(self, key: str, model: str, text: str, /) -> None:
        """Keeps an answer."""
        ...


def fenced(data: str) -> str:
    """Data between two marks that stand nowhere in it, whoever wrote it: they are made of its own hash."""
    mark = hashlib.sha256(data.encode()).hexdigest()[:16]
    return f"===== DATA {mark} =====\n{data}\n===== END OF DATA {mark} ====="
