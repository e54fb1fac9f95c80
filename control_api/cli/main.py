"""`title1`: the command line. Each command is a few lines here; what it does stands in its own module."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from dotenv import load_dotenv

from control_api.cli import audit as audit_commands
from control_api.cli import exports as export_commands
from control_api.cli import extract as extract_commands
from control_api.cli import jobs as job_commands
from control_api.cli import keys as key_commands
from control_api.cli import llm as llm_commands
from control_api.cli import people as people_commands
from control_api.cli import salesforce as salesforce_commands
from control_api.cli import schedules as schedule_commands
from control_api.cli import schools as school_commands
from control_api.cli import searches as search_commands
from control_api.cli import sites as site_commands
from control_api.cli import suppress as suppress_commands
from control_api.cli import users as user_commands
from control_api.cli import webhooks as webhook_commands
from control_api.cli.errors import CliError
from control_api.cli.terminal import terminal
from extraction.errors import ExtractionError
from storage.errors import StorageError

app = typer.Typer(
    help=(
        "Turns state lists of Title I schools (PDF) into the schools' official websites and their published staff "
        "contacts.\n\nExit codes: 0 done, 1 refused or failed (one line says why), 2 wrong usage, "
        "75 not now (try again later), 130 interrupted."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.command("export")(export_commands.export)
app.add_typer(export_commands.app, name="exports")
app.add_typer(search_commands.app, name="searches")
app.add_typer(extract_commands.app, name="extract")
app.add_typer(job_commands.app, name="jobs")
app.add_typer(llm_commands.app, name="llm")
app.add_typer(people_commands.app, name="people")
app.add_typer(salesforce_commands.app, name="sf")
app.add_typer(schedule_commands.app, name="schedule")
app.add_typer(school_commands.app, name="schools")
app.add_typer(site_commands.app, name="sites")
app.add_typer(suppress_commands.app, name="suppress")
app.add_typer(webhook_commands.app, name="webhook")
app.add_typer(key_commands.app, name="key")
app.add_typer(user_commands.app, name="user")
app.command("audit")(audit_commands.audit)

Host = Annotated[str | None, typer.Option(help="Address to listen on; default TITLE1_HOST or 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="Port; default TITLE1_PORT or 8000; 0 takes a free one.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line. What is a user's error ends in one line on standard error, never in a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty, level in {"httpx2": logging.WARNING, "alembic": logging.WARNING, "saq": logging.ERROR}.items():
        logging.getLogger(chatty).setLevel(level)
    signal.signal(signal.SIGTERM, _interrupt)
    load_dotenv(Path(".env"))  # into the environment, so that every child process has the same settings
    invoke(arguments)


def invoke(arguments: Sequence[str] | None) -> NoReturn:
    """Runs one command with this process's logging, signals and environment as they are.

    Raises:
        SystemExit: always; its code is the command's.
    """
    try:
        app(arguments, standalone_mode=True)
    except CliError as error:
        _end(error.message, error.code)
    except StorageError as error:
        _end(error.message, 75 if error.status == 503 else 1)
    except ExtractionError as error:
        _end(error.message, 1)
    except KeyboardInterrupt:
        _end("interrupted", 130)
    except Exception as error:
        if os.environ.get("TITLE1_DEBUG"):
            raise
        _end(f"this is a defect of title1: {type(error).__name__}: {error}. TITLE1_DEBUG=1 shows where.", 1)
    sys.exit(0)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt  # SIGTERM ends like Ctrl-C: in order, with nothing left running


def _end(words: str, code: int) -> NoReturn:
    print(f"title1: {words}", file=sys.stderr)  # noqa: T201  the one line
    sys.exit(code)


@app.command()
def up(host: Host = None, port: Port = None) -> None:
    """Start everything: database, API with dashboard, and a worker. Ctrl-C stops it all.

    Example: title1 up --port 8080
    """
    from control_api.cli.run import up as run_up  # noqa: PLC0415  each command loads only what it needs

    run_up(host, port, terminal())


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A PDF that lists Title I schools.")],
    state: Annotated[str | None, typer.Option(help="The list's state, if the PDF does not name it.")] = None,
    out: Annotated[Path, typer.Option(help="Where to write the leads.")] = Path("leads.csv"),
    purpose: Annotated[str | None, typer.Option(help="What the leads are for; the ledger of exports keeps it.")] = None,
) -> None:
    """Turn one PDF into a lead list: schools, websites, staff, leads.csv.

    Example: title1 run texas-title1-2026.pdf --state TX --out texas.csv
    """
    from control_api.cli.run import run_file  # noqa: PLC0415

    run_file(file, state, out, terminal(), purpose=purpose)


@app.command()
def reextract(
    job: Annotated[str, typer.Option(help="The harvest whose kept pages are read again, by its id.")],
    as_json: Annotated[bool, typer.Option("--json", help="What came of it as one JSON object.")] = False,
) -> None:
    """Read the pages that a harvest has kept again, with today's readers and without asking any site.

    Example: title1 reextract --job 0b6b…
    """
    job_commands.reextract_pages(job, as_json=as_json)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for leads.csv and report.json.")] = Path("demo-output"),
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,
) -> None:
    """Show the whole way on a simulated school web on this machine, and measure the result against its truth.

    Example: title1 demo --keep
    """
    from control_api.cli.demo import run_demo  # noqa: PLC0415

    run_demo(out, terminal(), keep=keep)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Check this machine: Python, disk, database, settings, browser, OCR; say how to mend what is missing.

    Example: title1 doctor --json
    """
    from control_api.cli.doctor import examine  # noqa: PLC0415

    raise typer.Exit(examine(terminal(), as_json=as_json))


@app.command()
def api(host: Host = None, port: Port = None) -> None:
    """Run only the API (for containers; `up` runs everything)."""
    from control_api.server import serve  # noqa: PLC0415
    from control_api.settings import ApiSettings  # noqa: PLC0415

    settings = ApiSettings()
    raise typer.Exit(serve(host or settings.host, settings.port if port is None else port))


@app.command()
def worker() -> None:
    """Run only a worker (for containers; any number of them share one database)."""
    import asyncio  # noqa: PLC0415

    from control_api.worker import work_forever  # noqa: PLC0415

    asyncio.run(work_forever())


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema, and make the first account if there is none.

    Safe to run at any time, by any number of processes at once. Example: DATABASE_URL=postgresql://… title1 migrate
    """
    from control_api.cli.local import ensure_first_account, with_database  # noqa: PLC0415

    key = with_database(ensure_first_account)
    typer.echo("The schema is current.")
    if key:
        typer.echo(f"First account made. Its API key, shown this once: {key}")


if __name__ == "__main__":
    main()
