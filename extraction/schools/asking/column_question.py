"""The question for a document's column plan: some two hundred tokens of answer, once, instead of thousands a page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import msgspec

from extraction.llm.questions import Answer, Question
from extraction.schools.asking.bands import Band, BandedPage
from extraction.schools.headers import ColumnPlan, Given, PlannedColumn
from extraction.schools.records import FieldName
from extraction.schools.sheets import lines_of
from extraction.schools.vocabulary import Heading, plain

_SAMPLE_ROWS = 6
_SAMPLE_HEADINGS = 2
_FIRST_BANDS = 3
"""Shown in any case: there stands a header that nobody recognized."""
_CELL_CHARACTERS = 60
_SURE = 0.8
"""How sure a column's meaning is that a model told and the values do not contradict."""

PlanField = FieldName | Literal["place", "ignored", "unknown"]


class PlanColumn(msgspec.Struct, frozen=True):
    """What the model takes one column for."""

    column: int
    field: PlanField


class PlanAnswer(msgspec.Struct, frozen=True):
    """The model's answer; its schema is `PLAN_SCHEMA`."""

    columns: tuple[PlanColumn, ...]
    header_rows: tuple[int, ...]
    groups: Literal["district", "county", "none"]


PLAN_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["columns", "header_rows", "groups"],
    "properties": {
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["column", "field"],
                "properties": {
                    "column": {"type": "integer"},
                    "field": {"type": "string", "enum": [*get_args(FieldName), "place", "ignored", "unknown"]},
                },
            },
        },
        "header_rows": {"type": "array", "items": {"type": "integer"}},
        "groups": {"type": "string", "enum": ["district", "county", "none"]},
    },
}


def column_question(page: BandedPage) -> Question:
    """Ask what the columns of a page's table hold."""
    lines = [f"The table has {len(page.columns)} columns."]
    if any(column.text for column in page.columns):
        lines.append("headers: " + " | ".join(_short(column.text or "") for column in page.columns))
    lines += [f"[{number}] {_row(band)}" for number, band in _samples(page)]
    return Question(
        purpose="column_plan",
        instructions=_instructions(),
        data="\n".join(lines),
        schema_name="column_plan",
        schema=PLAN_SCHEMA,
        max_output_tokens=150 + 30 * len(page.columns),
        version="plan-1",
    )


def column_plan(answer: Answer, page: BandedPage) -> ColumnPlan | None:
    """The plan that an answer gives; None where it names no column of schools, or is none."""
    try:
        told = msgspec.convert(answer.value, PlanAnswer)
    except msgspec.ValidationError:
        return None
    headings: dict[int, Heading] = {}
    for column in told.columns:
        field = column.field
        if field == "unknown" or not 0 < column.column <= len(page.columns) or column.column in headings:
            continue
        if field == "ignored" or field not in headings.values():
            headings[column.column] = field
    if "name" not in headings.values():
        return None
    shown = dict(_samples(page))
    headers = {text for number in told.header_rows if number in shown for text in _header_texts(shown[number])}
    return ColumnPlan(
        tuple(
            PlannedColumn(column.left, column.right, headings.get(number), _SURE, column.text)
            for number, column in enumerate(page.columns, start=1)
        ),
        from_header=True,
        given=Given(None if told.groups == "none" else told.groups, tuple(sorted(headers))),
    )


def _samples(page: BandedPage) -> list[tuple[int, Band]]:
    """The first bands, then rows from all over the page, and a few lines that stand alone; with their numbers."""
    numbered = list(enumerate(page.bands, start=1))
    first, others = numbered[:_FIRST_BANDS], numbered[_FIRST_BANDS:]
    rows = [item for item in others if sum(map(bool, item[1].cells)) > 1]
    alone = [item for item in others if sum(map(bool, item[1].cells)) == 1][:_SAMPLE_HEADINGS]
    step = max(1, len(rows) // _SAMPLE_ROWS)
    return sorted(first + rows[::step][:_SAMPLE_ROWS] + alone, key=lambda item: item[0])


def _header_texts(band: Band) -> set[str]:
    """A header as a whole and line by line, as pages repeat it and layouts may part it."""
    lines = lines_of([word for words in band.cells for word in words])
    return {plain(" ".join(filter(None, band.texts))), *(plain(line.text) for line in lines)}


def _row(band: Band) -> str:
    return " | ".join(_short(text) for text in band.texts)


def _short(text: str) -> str:
    text = text.replace("|", "/")
    if not text:
        return "-"
    return text if len(text) <= _CELL_CHARACTERS else text[: _CELL_CHARACTERS - 1] + "…"


@cache
def _instructions() -> str:
    return files("extraction.schools.asking").joinpath("prompts/plan.txt").read_text("utf-8")
