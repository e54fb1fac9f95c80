"""Facets in a terminal."""

from __future__ import annotations

from typing import Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.terminal import terminal

MOST_VALUES = 12
"""Of one facet; --json has all."""


def show_facets(found: dict[str, Any], *, as_json: bool) -> None:
    """Shows the answer of a route of facets: JSON, or a line a value; `~` stands before an estimate."""
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    table = Table("facet", "value", "count", title=_count(found["total"], exact=found["exact"]), box=None)
    for facet in found["facets"]:
        values = facet["values"]
        for place, value in enumerate(values[:MOST_VALUES]):
            name = facet["name"] if place == 0 else ""
            table.add_row(name, value["value"] or "(none)", _count(value["count"], exact=facet["exact"]))
        if len(values) > MOST_VALUES:
            table.add_row("", f"and {len(values) - MOST_VALUES} more", "")
    terminal().print(table)
    if found["alike"]:
        typer.echo("Nothing has the words; what looks like them was counted.", err=True)


def _count(count: int, *, exact: bool) -> str:
    return f"{count:,}" if exact else f"~{count:,}"
