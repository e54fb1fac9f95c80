"""Runs the discovery spider for one school as a child process, without a database, and reads what it found."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from control_api.cli.errors import CliError
from control_api.cli.stack import PROJECT
from extraction.places import state_code

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class WantedSchool:
    """What is known of the school; the names are the columns of the spider's file."""

    name: str
    state: str
    city: str | None = None
    district: str | None = None
    address: str | None = None
    zip: str | None = None
    phone: str | None = None
    website: str | None = None


def find_site(wanted: WantedSchool, directory: Path | None) -> dict[str, Any]:
    """Looks for a school's website.

    Returns:
        The row of the spider's feed: website, score, outcome, reason, and all candidates with their signals.

    Raises:
        CliError: the crawl could not be made; the message has its last words.
    """
    code = state_code(wanted.state)
    if code is None:
        raise CliError(f"There is no state {wanted.state!r}; give its name or two-letter code.", code=2)
    with tempfile.TemporaryDirectory(prefix="title1-") as folder:
        schools, feed, log = (Path(folder) / name for name in ("schools.csv", "sites.jsonl", "log"))
        with schools.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(field.name for field in fields(WantedSchool))
            writer.writerow(value or "" for value in (asdict(wanted) | {"state": code}).values())
        arguments = [f"schools={schools}", *([f"directory={directory.resolve()}"] if directory else [])]
        _crawl(arguments, feed, log)
        lines = feed.read_text(encoding="utf-8").splitlines() if feed.exists() else []
        if not lines:
            raise CliError(_last_words(log))
        return msgspec.json.decode(lines[0])


def _crawl(arguments: list[str], feed: Path, log: Path) -> None:
    command = [sys.executable, "-m", "crawler.launch", "website_discovery", "--parent", str(os.getpid()), *arguments]
    settings = {"FEEDS": msgspec.json.encode({str(feed): {"format": "jsonlines"}}).decode()}
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    with log.open("wb") as output:
        child = subprocess.Popen(
            [*command, *options], cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            child.wait()
        finally:
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


def _last_words(log: Path) -> str:
    """The first error that the spider told, without its time and place."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [match[1] for line in lines if (match := re.search(r"\b(?:ERROR|CRITICAL): (.+)", line))]
    return f"The crawl could not be made: {(errors or lines or ['it said nothing'])[0][:500]}"
