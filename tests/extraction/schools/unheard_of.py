"""A list that the parser cannot understand by itself, and a model that can.

Its headers are in no vocabulary and its schools' names hold no word that says "school", so nothing tells the columns
apart but their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fpdf import FPDF

from tests.extraction.schools.papers import Row, draw_plain, paper, write
from tests.fakes.openai_server import Asked

HEADER = ("Bldg Designation", "Locality", "Svc Mdl", "Hdct", "Unit")
WIDTHS = (190, 90, 60, 60, 120)
FIELDS = ("name", "city", "title1_status", "enrollment", "district")
_FRONT = (
    "Quill",
    "Brack",
    "Dun",
    "Oster",
    "Thorn",
    "Wick",
    "Hollow",
    "Amber",
    "Fen",
    "Lark",
    "Stone",
    "Birch",
    "Crow",
    "Pike",
    "Mar",
    "Hask",
    "Elder",
)
_BACK = ("feather", "enridge", "marrow", "gate", "wood", "brook", "haven", "dale", "ridge", "mere", "combe", "wyn")

Draw = Callable[[FPDF, Row | None, Sequence[Row], Sequence[float]], None]


def listed(count: int) -> list[Row]:
    """Schools that are all different."""
    return [
        (
            f"{_FRONT[i % 17]}{_BACK[i * 7 % 12]} {_FRONT[(i * 5 + 3 + i // 17) % 17]}{_BACK[i % 12]}",
            ("Trenton", "Camden", "Newark", "Salem")[i % 4],
            ("SW", "TA", "Not Served")[i % 3],
            str(100 + 3 * i),
            f"{_FRONT[i // 9 % 17]} Org {i // 9 + 1}",
        )
        for i in range(count)
    ]


def draw(path: Path, pages: int, *, rows: int = 30, layout: Draw = draw_plain) -> list[Row]:
    """Write such a list and return its rows."""
    schools = listed(pages * rows)
    pdf = paper()
    for page in range(pages):
        layout(pdf, HEADER, schools[page * rows : (page + 1) * rows], WIDTHS)
    write(pdf, path)
    return schools


def knows_columns(asked: Asked) -> object:
    """The model, asked for columns or rows: it tells the columns by their headers, and rows by their order."""
    if asked.schema_name == "column_plan":
        return column_answer(asked)
    return row_answer(asked)


def column_answer(asked: Asked, **changed: str) -> dict[str, Any]:
    """The right plan, but for the columns that are called otherwise."""
    columns = [{"column": at, "field": changed.get(f, f)} for at, f in enumerate(FIELDS, start=1)]
    headers = [number for number, cells in asked.rows.items() if tuple(cells) == HEADER]
    return {"columns": columns, "header_rows": headers, "groups": "none"}


def row_answer(asked: Asked) -> dict[str, Any]:
    """The rows as they are."""
    return {
        "fields": list(FIELDS),
        "rows": [
            {"band": number, "values": [] if tuple(cells) == HEADER or len(cells) != len(FIELDS) else cells}
            for number, cells in asked.rows.items()
        ],
    }


def no_columns(asked: Asked) -> object:
    """A model that cannot tell the columns, so that rows are asked for."""
    if asked.schema_name == "column_plan":
        return {"columns": [], "header_rows": [], "groups": "none"}
    return row_answer(asked)
