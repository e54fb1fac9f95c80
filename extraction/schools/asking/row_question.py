"""The question for rows: bands of a page with their numbers, for pages whose columns no plan explains.

Values come as lists in the order of the fields that the answer names, which takes a quarter of the tokens of objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, get_args

import msgspec

from extraction.llm.questions import Answer, Question
from extraction.schools.asking.bands import Band
from extraction.schools.records import FieldName
from extraction.schools.vocabulary import is_field

BANDS_AT_ONCE = 40
"""Models leave out rows of longer lists."""
_TOKENS_PER_BAND = 80
"""Measured: 17 for five fields; servers that indent their JSON take three times as many."""
_LONGEST_PIECE = 160
"""Characters of one piece of a band; longer ones are prose."""

NumberedBand = tuple[int, Band]


class RowAnswer(msgspec.Struct, frozen=True):
    """One row as the model tells it."""

    band: int
    values: tuple[str | None, ...]


class ToldRows(msgspec.Struct, frozen=True):
    """What an answer says, row by row; rows that make no sense are left out as if they had not been told."""

    rows: tuple[tuple[int, dict[FieldName, str]], ...]
    """Number of the band and its values; without a name where the band lists no school."""

    @property
    def bands(self) -> set[int]:
        """The bands that were answered."""
        return {band for band, _ in self.rows}


ROWS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["fields", "rows"],
    "properties": {
        "fields": {"type": "array", "items": {"type": "string", "enum": list(get_args(FieldName))}},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["band", "values"],
                "properties": {
                    "band": {"type": "integer"},
                    "values": {"type": "array", "items": {"type": ["string", "null"]}},
                },
            },
        },
    },
}


def portions(bands: Sequence[NumberedBand]) -> list[Sequence[NumberedBand]]:
    """The bands, as many at once as a model answers without leaving some out."""
    return [bands[at : at + BANDS_AT_ONCE] for at in range(0, len(bands), BANDS_AT_ONCE)]


def row_question(bands: Sequence[NumberedBand], image: bytes | None = None) -> Question:
    """Ask what these bands list."""
    lines = [f"There are {len(bands)} rows, numbered {bands[0][0]} to {bands[-1][0]}."]
    lines += [f"[{number}] " + " | ".join(_piece(text) for text in band.texts if text) for number, band in bands]
    return Question(
        purpose="rows",
        instructions=_instructions(),
        data="\n".join(lines),
        schema_name="rows",
        schema=ROWS_SCHEMA,
        max_output_tokens=200 + _TOKENS_PER_BAND * len(bands),
        image=image,
        version="rows-1",
    )


def told_rows(answer: Answer, asked: Sequence[NumberedBand]) -> ToldRows:
    """The rows of an answer that are whole and about a band that was asked for, each checked by itself."""
    fields = [field for field in answer.items("fields") if isinstance(field, str)]
    numbers = {number for number, _ in asked}
    if len(set(fields)) != len(fields) or "name" not in fields:
        return ToldRows(())
    rows: list[tuple[int, dict[FieldName, str]]] = []
    for item in answer.items("rows"):
        try:
            row = msgspec.convert(item, RowAnswer)
        except msgspec.ValidationError:
            continue
        if row.band not in numbers or (row.values and len(row.values) != len(fields)):
            continue
        values: dict[FieldName, str] = {
            field: value for field, value in zip(fields, row.values, strict=False) if is_field(field) and value
        }
        rows.append((row.band, values))
    return ToldRows(tuple(rows))


def _piece(text: str) -> str:
    text = text.replace("|", "/")
    return text if len(text) <= _LONGEST_PIECE else text[: _LONGEST_PIECE - 1] + "…"


@cache
def _instructions() -> str:
    return files("extraction.schools.asking").joinpath("prompts/rows.txt").read_text("utf-8")
