"""`title1 doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx2
import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from control_api.cli.stack import PROJECT
from extraction.llm.settings import LlmSettings
from extraction.schools.ocr.engine import missing_parts
from storage.blobs import Blobs
from storage.database import open_database
from storage.directory import directory_size
from storage.errors import StorageError
from storage.settings import StorageSettings

LEAST_FREE_BYTES = 2 * 2**30
CALL_SECONDS = 5.0
PROCESS_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    state: Literal["ok", "optional", "missing"]
    detail: str
    next_step: str = ""


def examine(console: Console, *, as_json: bool) -> int:
    """Looks at everything, prints it, and returns 1 if something is missing that the product cannot do without."""
    findings = [finding for check in CHECKS for finding in check()]
    if as_json:
        print(msgspec.json.encode({"findings": [asdict(finding) for finding in findings]}).decode())  # noqa: T201
    else:
        table = Table("", "check", "found", "next step", box=None)
        marks = {"ok": "[green]ok[/green]", "optional": "[yellow]—[/yellow]", "missing": "[red]missing[/red]"}
        for finding in findings:
            table.add_row(marks[finding.state], finding.check, finding.detail, finding.next_step)
        console.print(table)
    return 1 if any(finding.state == "missing" for finding in findings) else 0


def _python() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _folder() -> Iterator[Finding]:
    folder = StorageSettings().data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield Finding(
            "data folder", "missing", f"{folder}: {error.strerror}", "set TITLE1_DATA_DIR to a folder of yours"
        )
        return
    if not os.access(folder, os.W_OK):
        yield Finding("data folder", "missing", f"{folder} is not writable", "set TITLE1_DATA_DIR to a folder of yours")
    elif free < LEAST_FREE_BYTES:
        yield Finding("data folder", "missing", f"{folder} has {free / 2**30:.1f} GiB free", "make room: 2 GiB or more")
    else:
        yield Finding("data folder", "ok", f"{folder}, {free / 2**30:.0f} GiB free")


def _database() -> Iterator[Finding]:
    async def look() -> tuple[str, int]:
        async with open_database() as database, database.system() as connection:
            version = await connection.scalar(text("SELECT current_setting('server_version')"))
            return str(version), await directory_size(connection)

    kind = "of DATABASE_URL" if StorageSettings().database_url else "embedded"
    try:
        version, schools = asyncio.run(look())
    except StorageError as error:
        yield Finding("PostgreSQL", "missing", error.message, "start it, or correct or unset DATABASE_URL")
        return
    yield Finding("PostgreSQL", "ok", f"{version}, {kind}, schema current")
    if schools:
        yield Finding("official directory", "ok", f"{schools:,} schools")
    else:
        yield Finding(
            "official directory",
            "optional",
            "not imported: websites are found by search only",
            "title1 schools import nces ccd_sch_029_….zip (from nces.ed.gov/ccd)",
        )


def _blobs() -> Iterator[Finding]:
    settings = StorageSettings()
    try:
        Blobs.configured(settings).exists("documents/none")
    except Exception as error:  # noqa: BLE001  fsspec's file systems raise whatever their libraries raise
        yield Finding("blob store", "missing", f"{type(error).__name__}: {error}", "correct TITLE1_BLOBS_URL")
        return
    yield Finding("blob store", "ok", settings.blobs_url or str(settings.data_dir / "blobs"))


def _contact() -> Iterator[Finding]:
    contact = os.environ.get("TITLE1_CRAWL_CONTACT")
    if contact:
        yield Finding("operator contact", "ok", contact)
    else:
        yield Finding(
            "operator contact",
            "missing",
            "no school's site is crawled without one",
            "set TITLE1_CRAWL_CONTACT to your e-mail address or web page",
        )


def _search() -> Iterator[Finding]:
    url = os.environ.get("TITLE1_SEARXNG_URL")
    if not url and os.environ.get("TITLE1_BRAVE_KEY"):
        yield Finding("web search", "ok", "Brave Search API")  # not tried: each search is paid
        return
    if not url:
        yield Finding(
            "web search",
            "optional",
            "none: websites come from the official directory, districts' pages and guesses",
            "set TITLE1_SEARXNG_URL or TITLE1_BRAVE_KEY",
        )
        return
    try:
        answer = httpx2.get(url.rstrip("/") + "/search", params={"q": "school", "format": "json"}, timeout=CALL_SECONDS)
    except httpx2.HTTPError as error:
        yield Finding("web search", "missing", f"{urlsplit(url).netloc}: {error}", "start SearXNG or correct the URL")
        return
    if answer.status_code == 403:
        yield Finding(
            "web search", "missing", "SearXNG refuses JSON", "add `json` to search.formats in its settings.yml"
        )
    elif answer.status_code != 200:
        yield Finding("web search", "missing", f"SearXNG answers {answer.status_code}", "look into SearXNG's log")
    else:
        yield Finding("web search", "ok", url)


def _browser() -> Iterator[Finding]:
    # The crawler says it itself: its process is the one that has to find them.
    command = [sys.executable, "-m", "crawler.browser"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=PROCESS_SECONDS, check=True, cwd=PROJECT).stdout
        found = msgspec.json.decode(told)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        yield Finding("browser", "missing", f"the crawler cannot be started: {error}", "make setup")
        return
    for part in found["missing"]:
        detail = "not found; shows pages that need a browser, which are passed over until then"
        yield Finding(part["name"], "optional", detail, part["remedy"])
    if not found["missing"]:
        yield Finding("chromium", "ok", found["chromium"])


def _scans() -> Iterator[Finding]:
    missing = missing_parts()
    for part in missing:
        yield Finding(part.name, "optional", "not found; reads scanned PDFs", part.remedy)
    if not missing:
        yield Finding("tesseract", "ok", shutil.which("tesseract") or "")


def _model() -> Iterator[Finding]:
    settings = LlmSettings()
    if settings.configured:
        spent = f"{settings.model}, at most ${settings.job_dollars:g} a job"
        yield Finding("language model", "ok", f"{spent}, {urlsplit(settings.base_url or '').netloc or 'OpenAI'}")
    else:
        yield Finding(
            "language model",
            "optional",
            "none: doubtful pages stay as the parser read them",
            "set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own",
        )


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python,
    _folder,
    _database,
    _blobs,
    _contact,
    _search,
    _browser,
    _scans,
    _model,
)
