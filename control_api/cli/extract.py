"""`title1 extract`: read files on this machine without a database: school lists, staff pages, links to them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.terminal import terminal
from extraction.errors import ExtractionError

app = typer.Typer(
    help="Read files here and now: school lists (PDF), staff pages and home pages (HTML).", no_args_is_help=True
)

Files = Annotated[list[Path], typer.Argument(help="One or more files.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON Lines, one object a file.")]
PageUrl = Annotated[str, typer.Option("--url", help="The page's address, to complete its links.")]
NOWHERE = "https://page.invalid/"


@app.command()
def schools(
    files: Files,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, one row a school.")] = False,
    pages: Annotated[str | None, typer.Option(help="Pages to read, such as 3-7 or 1,4.")] = None,
    state: Annotated[str | None, typer.Option(help="The list's state, if the PDF does not name it.")] = None,
) -> None:
    """Read the schools that PDFs list.

    Example: title1 extract schools list.pdf --state TX --csv > schools.csv
    """
    from extraction.places import state_code  # noqa: PLC0415  each command loads only what it needs
    from extraction.schools.cage import read_pages  # noqa: PLC0415
    from extraction.schools.json_lines import document_line  # noqa: PLC0415

    code = state_code(state) if state else None
    if state and code is None:
        raise CliError(f"There is no state {state!r}; give its name or two-letter code.", code=2)
    wanted = _page_numbers(pages) if pages else None

    def read(path: Path) -> dict[str, Any]:
        return document_line(str(path), read_pages(path, pages=wanted, state=code))

    _each(files, read, lambda lines: _print_rows(lines, "schools", SCHOOL_COLUMNS, as_csv=as_csv), as_json=as_json)


SCHOOL_COLUMNS = (
    "page",
    "name",
    "district",
    "address",
    "city",
    "county",
    "state",
    "zip",
    "phone",
    "title1_status",
    "grade_span",
    "enrollment",
    "low_income_pct",
)
STAFF_COLUMNS = ("name", "title", "role", "email", "email_state", "phone", "department")
LINK_COLUMNS = ("score", "url", "text", "reasons")


@app.command()
def staff(files: Files, url: PageUrl = NOWHERE, as_json: AsJson = False) -> None:
    """Read the staff that saved web pages list.

    Example: title1 extract staff directory.html --url https://school.example/staff --json
    """
    from extraction.staff.json_lines import staff_line  # noqa: PLC0415
    from extraction.staff.page import read_staff_page  # noqa: PLC0415

    _each(
        files,
        lambda path: staff_line(str(path), read_staff_page(path.read_bytes(), url)),
        lambda lines: _print_rows(lines, "people", STAFF_COLUMNS),
        as_json=as_json,
    )


@app.command()
def links(files: Files, url: PageUrl = NOWHERE, as_json: AsJson = False) -> None:
    """Rank a saved home page's links by how likely they lead to the staff list.

    Example: title1 extract links home.html --json
    """
    from extraction.staff.json_lines import links_line  # noqa: PLC0415
    from extraction.staff.links import rank_links  # noqa: PLC0415

    _each(
        files,
        lambda path: links_line(str(path), rank_links(path.read_bytes(), url)),
        lambda lines: _print_rows(lines, "links", LINK_COLUMNS),
        as_json=as_json,
    )


def _each(
    files: list[Path], read: Callable[[Path], dict[str, Any]], show: Callable[[dict[str, Any]], None], *, as_json: bool
) -> None:
    """Reads every file; one that cannot be read is told on standard error and does not stop the others."""
    failed = 0
    for path in files:
        try:
            line = read(path)
        except (ExtractionError, OSError) as error:
            failed += 1
            words = error.message if isinstance(error, ExtractionError) else error.strerror or str(error)
            typer.echo(f"title1: {path}: {words}", err=True)
            continue
        if as_json:
            typer.echo(msgspec.json.encode(line).decode())
        else:
            show(line)
    if failed:
        raise CliError(f"{failed} of {len(files)} files could not be read.")


def _print_rows(line: dict[str, Any], of: str, columns: tuple[str, ...], *, as_csv: bool = False) -> None:
    rows = line[of]
    if as_csv:
        writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        return
    table = Table(*columns, title=f"{line['file']}: {len(rows)} {of}", title_justify="left", box=None)
    for row in rows:
        table.add_row(*(_text(row.get(column)) for column in columns))
    terminal().print(table)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def _page_numbers(text: str) -> set[int]:
    """The pages that "3-7" or "1,4" name.

    Raises:
        CliError: it names none.
    """
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise CliError(f"--pages takes numbers and ranges such as 3-7 or 1,4, not {text!r}.", code=2)
        numbers |= set(range(int(first), int(last or first) + 1))
    if not numbers or 0 in numbers:
        raise CliError(f"--pages counts from 1; {text!r} names no page.", code=2)
    return numbers
