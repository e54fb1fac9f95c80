"""Many rows by one statement, however many they are: they travel as one JSON text, which PostgreSQL takes apart.

A statement a row costs the writer and the server several times as much; a crawl stores a hundred rows a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import JSON, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from storage.models.base import Base

_ROWS = "rows"


@cache
def insert_many(model: type[Base], *names: str) -> Insert:
    """An INSERT of the columns `names`, for `as_parameter` of rows; what is to happen on conflict can be added."""
    columns = model.__table__.c
    rows = func.json_to_recordset(cast(bindparam(_ROWS, type_=Text()), JSON())).table_valued(
        *(column(name, columns[name].type) for name in names), name="new_row"
    )
    return insert(model).from_select(list(names), select(*rows.render_derived(with_types=True).c))


def as_parameter(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The rows as the parameter of the statement; they are inserted in their order."""
    return {_ROWS: msgspec.json.encode(rows).decode()}


def as_text(content: bytes) -> str:
    """Bytes as they stand in a row, in PostgreSQL's own form."""
    return f"\\x{content.hex()}"
