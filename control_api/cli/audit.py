"""`title1 audit`: who did what. It asks the API at TITLE1_URL with TITLE1_API_KEY, an admin's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.jobs import api_client
from control_api.cli.terminal import terminal


def audit(
    act: Annotated[str | None, typer.Option(help="Only this act, such as sign_in or export.")] = None,
    user: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    since: Annotated[datetime | None, typer.Option(help="Only from then on (UTC).")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line.")] = False,
) -> None:
    """List who did what, when and from where: sign-ins, users, keys, exports, suppressions, budgets, decisions.

    Example: title1 audit --act sign_in --refused --since 2026-03-01 --json
    """
    wanted = {"act": act, "user": user, "outcome": "refused" if refused else None}
    with api_client() as client:
        entries: list[dict[str, Any]] = client.items("/api/v1/audit", most, since=since and since.isoformat(), **wanted)
    if as_json:
        for entry in entries:
            typer.echo(msgspec.json.encode(entry).decode())
        return
    table = Table("when", "who", "act", "outcome", "to", "from", "detail", box=None)
    for entry in entries:
        about = f"{entry['object']} {entry['object_id']}" if entry["object"] else ""
        detail = ", ".join(f"{name} {value}" for name, value in entry["detail"].items())
        who, where = entry["user_name"] or "", entry["address"] or ""
        table.add_row(entry["at"][:19], who, entry["act"], entry["outcome"], about, where, detail)
    terminal().print(table)
