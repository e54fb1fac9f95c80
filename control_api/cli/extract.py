"""`title1 extract`: read files on this machine without a database: school lists, staff pages, links to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer
from rich.table import Table

from control_api.cli.errors import CliError
from control_api.cli.terminal import terminal
from extraction.errors import ExtractionError
from extraction.schools.records import PageReading

if TYPE_CHECKING:
    from control_api.cli.asking import AskedRun, AskedStaffRun

app = typer.Typer(
    help="Read files here and now: school lists (PDF), staff pages and home pages (HTML).", no_args_is_help=True
)

Files = Annotated[list[Path], typer.Argument(help="One or more files.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON Lines, one object a file.")]
Pages = Annotated[
    list[str], typer.Argument(metavar="FILE|URL…", help="Saved pages (of staff also PDFs), or addresses to fetch.")
]
PageUrl = Annotated[str, typer.Option("--url", help="The address of saved pages, to complete their links.")]
LlmBudget = Annotated[
    float | None,
    typer.Option("--llm-budget", metavar="DOLLARS", min=0, help="What it may cost (default: TITLE1_LLM_JOB_DOLLARS)."),
]
Source = TypeVar("Source", Path, str)
NOWHERE = "https://page.invalid/"


@app.command()
def schools(
    files: Files,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, one row a school.")] = False,
    pages: Annotated[str | None, typer.Option(help="Pages to read, such as 3-7 or 1,4.")] = None,
    state: Annotated[str | None, typer.Option(help="The list's state, if the PDF does not name it.")] = None,
    explain: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write a folder a document: pages with what was seen drawn.")
    ] = None,
    llm: Annotated[bool, typer.Option("--llm", help="Ask a model about pages that are not understood.")] = False,
    llm_budget: LlmBudget = None,
) -> None:
    """Read the schools that PDFs list.

    --csv prints one header for all files: file, page, row; name and district as printed; the other fields by what they
    mean (ZIP as five digits, status as schoolwide, targeted, eligible_not_served, not_eligible or unknown); the status
    as printed; how the page was read; how sure page and row are. Text that would run as a formula is defused by an
    apostrophe.

    --explain DIR writes DIR/<file name>/index.html, which shows every page beside the rows read from it.

    --llm sends the text of such pages (of scans the picture) to the model of OPENAI_API_KEY or OPENAI_BASE_URL, and
    keeps of its answer only what the page prints.

    Example: title1 extract schools list.pdf --state TX --csv --explain seen > schools.csv
    """
    from control_api.cli.explain.folder import explained, folder_of  # noqa: PLC0415
    from control_api.cli.school_table import CSV_COLUMNS, csv_rows, csv_text  # noqa: PLC0415
    from extraction.places import state_code  # noqa: PLC0415  each command loads only what it needs
    from extraction.schools.cage import read_pages  # noqa: PLC0415
    from extraction.schools.json_lines import document_line  # noqa: PLC0415

    if as_json and as_csv:
        raise CliError("--json and --csv exclude each other; give one of them.", code=2)
    code = state_code(state) if state else None
    if state and code is None:
        raise CliError(f"There is no state {state!r}; give its name or two-letter code.", code=2)
    wanted = _page_numbers(pages) if pages else None
    folders: set[Path] = set()
    asked = _asked_run(llm_budget) if _is_asked(llm, llm_budget) else None

    def read(path: Path) -> dict[str, Any]:
        readings: Iterable[PageReading]
        if asked is not None:
            readings = asked.read(path, wanted, code, explain=explain is not None)
        else:
            readings = read_pages(path, pages=wanted, state=code, explain=explain is not None)
        if explain is not None:
            folder = folder_of(path, explain, folders)
            typer.echo(f"title1: {path}: see {folder / 'index.html'}", err=True)
            readings = explained(path, readings, folder)
        kept = list(readings)
        line = document_line(str(path), kept) | ({"csv": csv_rows(str(path), kept)} if as_csv else {})
        return line | ({"llm": asked.report} if asked is not None else {})

    if as_csv:
        typer.echo(csv_text([CSV_COLUMNS]), nl=False)
    _each(files, read, _show_schools, as_json=as_json)


def _show_schools(line: dict[str, Any]) -> None:
    from control_api.cli.school_table import csv_text  # noqa: PLC0415  each command loads only what it needs

    if "csv" in line:
        typer.echo(csv_text(line["csv"]), nl=False)
    else:
        _print_rows(line, "schools", SCHOOL_COLUMNS)
    _tell_warnings(line)
    _tell_cost(line)


def _is_asked(llm: bool, llm_budget: float | None) -> bool:
    """Whether a model is asked.

    Raises:
        CliError: there is a budget for nothing.
    """
    if llm_budget is not None and not llm:
        raise CliError("--llm-budget goes with --llm.", code=2)
    return llm


def _asked_run(dollars: float | None) -> AskedRun:
    from control_api.cli.asking import AskedRun  # noqa: PLC0415  loads what only asking needs

    return AskedRun(dollars)


def _asked_staff_run(dollars: float | None) -> AskedStaffRun:
    from control_api.cli.asking import AskedStaffRun  # noqa: PLC0415

    return AskedStaffRun(dollars)


WARNINGS_TOLD = 20

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
LINK_COLUMNS = ("score", "url", "text")


@app.command()
def staff(
    pages: Pages,
    url: PageUrl = NOWHERE,
    as_json: AsJson = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every block that names somebody, what speaks for it, why it is out.")
    ] = False,
    explain_html: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write DIR/<name>.html: the page with its blocks outlined.")
    ] = None,
    llm: Annotated[bool, typer.Option("--llm", help="Ask a model about blocks that are doubtful.")] = False,
    llm_budget: LlmBudget = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Show addresses in a browser first, for pages that scripts fill.")
    ] = False,
) -> None:
    """Read the staff that web pages, PDFs and published spreadsheets list.

    People of a PDF have the number of their page, and the line on it. It is read in a cage, as lists of schools are.

    Addresses are fetched as by any crawl: robots.txt, pauses and TITLE1_CRAWL_CONTACT hold, with --browser also for
    what the page's scripts ask for.

    --explain prints each block with its reader, the headings over it, the values taken, the weight of each piece of
    evidence beside what is enough, and why it was left out. With --json this is the key "explanation".

    --explain-html DIR shows the same beside the page, which is made harmless: no scripts, forms, styles, pictures or
    links that lead anywhere.

    --llm sends the doubtful blocks of a page, and no others, to the model of OPENAI_API_KEY or OPENAI_BASE_URL, and
    keeps of its answer only what the same block prints. --explain then also tells each block that was asked about, what
    was answered and what came of it; with --json this is the key "asked".

    Example: title1 extract staff https://school.example/staff --json
    Example: title1 extract staff https://school.example/staff --browser
    Example: title1 extract staff saved.html --url https://school.example/staff --explain --explain-html seen
    """
    from control_api.cli.staff_files import open_staff_file  # noqa: PLC0415
    from extraction.staff.json_lines import staff_line  # noqa: PLC0415

    asked = _asked_staff_run(llm_budget) if _is_asked(llm, llm_budget) else None
    load = _loader(pages, url, browser=browser)
    overlays: set[Path] = set()

    def read(name: str) -> dict[str, Any]:
        body, at, encoding = load(name)
        file = open_staff_file(body, at, encoding)
        page = asked.read(file.reading) if asked is not None else file.reading.page
        line = staff_line(name, file.told(page))
        if asked is not None:
            line["llm"] = asked.report
        if not explain and explain_html is None:
            return line
        explanation = file.explanation()
        if explain_html is not None:
            from control_api.cli.explain.overlay import write_overlay  # noqa: PLC0415  most runs write none

            written = write_overlay(file.markup, encoding, name, explanation, explain_html, overlays)
            typer.echo(f"title1: {name}: see {written}", err=True)
        if not explain:
            return line
        told = explanation if not as_json else {"enough": explanation.enough, "blocks": explanation.blocks}
        return line | {"explanation": told} | ({"asked": asked.told} if asked is not None else {})

    _each(pages, read, _print_staff, as_json=as_json)


@app.command()
def links(
    pages: Pages,
    url: PageUrl = NOWHERE,
    as_json: AsJson = False,
    explain: Annotated[bool, typer.Option("--explain", help="Also print what each link's score rests on.")] = False,
) -> None:
    """Rank a home page's links by how likely they lead to the staff list.

    --json has the reasons of each score in any case.

    Example: title1 extract links https://school.example/ --explain
    """
    from extraction.staff.json_lines import links_line  # noqa: PLC0415
    from extraction.staff.links import rank_links  # noqa: PLC0415

    load = _loader(pages, url)

    def read(name: str) -> dict[str, Any]:
        body, at, _ = load(name)
        return links_line(name, rank_links(body, at))

    columns = (*LINK_COLUMNS, "reasons") if explain else LINK_COLUMNS
    _each(pages, read, lambda line: _print_rows(line, "links", columns), as_json=as_json)


def _loader(names: list[str], url: str, *, browser: bool = False) -> Callable[[str], tuple[bytes, str, str | None]]:
    """What gives the body, the address and the declared charset of each page; all addresses are fetched at once."""
    from control_api.cli.pages import fetch_pages, is_address  # noqa: PLC0415

    fetched = fetch_pages([name for name in names if is_address(name)], browser=browser)

    def load(name: str) -> tuple[bytes, str, str | None]:
        if not is_address(name):
            return Path(name).read_bytes(), url, None
        page = fetched.get(name)
        if page is None or page.reason is not None:
            raise CliError(page.reason if page and page.reason else "the crawler ended before it was fetched")
        return page.body, page.url, page.encoding

    return load


def _each(
    files: list[Source],
    read: Callable[[Source], dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
    *,
    as_json: bool,
) -> None:
    """Reads every file; one that cannot be read is told on standard error and does not stop the others."""
    failed = 0
    for path in files:
        try:
            line = read(path)
        except (ExtractionError, CliError, OSError) as error:
            failed += 1
            words = error.strerror or str(error) if isinstance(error, OSError) else error.message
            typer.echo(f"title1: {path}: {words}", err=True)
            continue
        if as_json:
            typer.echo(msgspec.json.encode(line).decode())
        else:
            show(line)
    if failed:
        raise CliError(f"{failed} of {len(files)} files could not be read.")


def _tell_warnings(line: dict[str, Any]) -> None:
    """What was odd about the pages, on standard error: a list with missing rows must not look whole."""
    told = [(page["page"], warning) for page in line["pages"] for warning in page["warnings"]]
    for page, warning in told[:WARNINGS_TOLD]:
        typer.echo(f"title1: {line['file']}: page {page}: {warning}", err=True)
    if len(told) > WARNINGS_TOLD:
        typer.echo(f"title1: {line['file']}: {len(told) - WARNINGS_TOLD} more warnings; --json has them all", err=True)


def _tell_cost(line: dict[str, Any]) -> None:
    """What asking a model has cost, and why it was of no help, on standard error."""
    if not (told := line.get("llm")):
        return
    cost = f"{told['calls']} questions, {told['tokens']:,} tokens, ${told['dollars']:.4f}"
    typer.echo(f"title1: {line['file']}: asked the model: {cost}", err=True)
    if "trouble" in told:
        typer.echo(f"title1: {line['file']}: {told['trouble']}", err=True)


def _print_staff(line: dict[str, Any]) -> None:
    _tell_cost(line)
    if "explanation" in line:
        from control_api.cli.explain.staff_tree import asked_tree, staff_tree  # noqa: PLC0415

        terminal().print(staff_tree(line["file"], line["explanation"]))
        if line.get("asked"):
            terminal().print(asked_tree(line["asked"]))
        return
    if not line["people"]:
        typer.echo(f"{line['file']}: {line['outcome']}: {line['reason']}")
        return
    columns = STAFF_COLUMNS if not any("page" in person for person in line["people"]) else ("page", *STAFF_COLUMNS)
    _print_rows(line, "people", columns)


def _print_rows(line: dict[str, Any], of: str, columns: tuple[str, ...]) -> None:
    rows = line[of]
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
