"""`title1 llm`: what language models may cost. It asks the API at TITLE1_URL with TITLE1_API_KEY."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec
import typer

from control_api.cli.errors import CliError
from control_api.cli.jobs import api_client

app = typer.Typer(help="Language models: what they may cost.", no_args_is_help=True)

BUDGET = "/api/v1/llm/budget"


@app.command()
def budget(
    dollars: Annotated[str | None, typer.Option(metavar="N", help="New limit in dollars, or none.")] = None,
    tokens: Annotated[str | None, typer.Option(metavar="N", help="New limit in tokens, or none.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Go back to the limits of the settings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show or set what the organization may spend on language models. Setting it needs the role admin.

    A limit that is not given stays as it is; `none` lifts it.

    Example: title1 llm budget --dollars 50 --tokens none
    """
    changes = {
        name: None if text == "none" else _number(name, text)
        for name, text in (("dollars", dollars), ("tokens", tokens))
        if text is not None
    }
    if reset and changes:
        raise CliError("--reset goes with neither --dollars nor --tokens.", code=2)
    with api_client() as client:
        state = client.delete(BUDGET) if reset else client.get(BUDGET)
        if changes:
            state = client.put(BUDGET, {name: state[name] for name in ("dollars", "tokens")} | changes)
    typer.echo(msgspec.json.encode(state).decode() if as_json else _told(state))


def _number(option: str, text: str) -> float | int:
    try:
        number = int(text) if option == "tokens" else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CliError(f"--{option} takes a number or none, not {text!r}.", code=2)
    return number


def _told(state: dict[str, Any]) -> str:
    spent, reserved = state["spent"], state["reserved"]
    whose = f"set {state['set_at'][:10]}" if state["set_at"] else "of the settings"
    return "\n".join(
        (
            f"Within {state['days']} days ({whose}); {state['calls']:,} questions so far.",
            _line("dollars", state, f"${spent['dollars']:,.4f}", f"${reserved['dollars']:,.4f}", "${:,.4f}"),
            _line("tokens", state, f"{spent['tokens']:,}", f"{reserved['tokens']:,}", "{:,}"),
        )
    )


def _line(unit: str, state: dict[str, Any], spent: str, reserved: str, form: str) -> str:
    limit, left = state[unit], state["left"][unit]
    allowed = "no limit" if limit is None else f"limit {form.format(limit)}, {form.format(left)} left"
    return f"{unit}: {spent} spent, {reserved} reserved, {allowed}"
