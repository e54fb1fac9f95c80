"""SQL that locks or writes in bulk: one statement a file, named for what it does."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sqlalchemy import TextClause, text


@cache
def statement(name: str) -> TextClause:
    """The statement in `storage/queries/<name>.sql`, with its `:parameters` bound by name."""
    return text((files("storage.queries") / f"{name}.sql").read_text(encoding="utf-8"))
