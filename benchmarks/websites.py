"""How many official websites are found by which providers, and how many of those found are right.

The simulated school web (seed 1965) is served on loopback, and the discovery runs over its 48 schools by hand (with
`--wide`: 200, with moved and shared sites), once for each set of providers. Guesses use the project's own patterns with
the simulated web's ending. Usage:

    python benchmarks/websites.py [--wide]
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from control_api.cli.demo import simulated_web
from tests.school_web.score import score

ROOT = Path(__file__).parents[1]
DELAY_SECONDS = "0.05"
_WIDE = ("--wide", "--schools", "200", "--districts", "40")
PROVIDERS: dict[str, tuple[bool, bool, bool]] = {
    "directory, guesses, search": (True, True, True),
    "directory and search": (True, False, True),
    "directory and guesses": (True, True, False),
    "search alone": (False, False, True),
    "guesses and districts' pages alone": (False, True, False),
}
"""Whether the directory, guesses and the search engine are there. Districts' pages are followed in every case."""


def main() -> None:
    """Runs the discovery once for each set of providers and prints the figures."""
    table = Table("providers", "right", "wrong", "coverage", "precision", "review", "try later", "pages", "s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulated_web(folder / "web", *(_WIDE if "--wide" in sys.argv else ())) as web:
            for title, (directory, guesses, search) in PROVIDERS.items():
                begun = time.monotonic()
                log = (folder / "web" / "access.jsonl").stat().st_size
                rows = _discover(folder, web, directory=directory, guesses=guesses, search=search)
                seconds = time.monotonic() - begun
                pages = (folder / "web" / "access.jsonl").read_bytes()[log:].count(b"\n")
                table.add_row(title, *_judged(folder, rows), str(pages), f"{seconds:.0f}")
    Console(width=120).print(table)


def _discover(
    folder: Path, web: dict[str, Any], *, directory: bool, guesses: bool, search: bool
) -> list[dict[str, Any]]:
    site = folder / "web"
    aggregators, patterns, feed = folder / "aggregators.txt", folder / "patterns.toml", folder / "sites.jl"
    aggregators.write_text("\n".join(web["aggregators"]))
    patterns.write_text(_simulated(files("crawler.discovery").joinpath("guesses.toml").read_text("utf-8"), web["port"]))
    feed.unlink(missing_ok=True)
    environment = {
        "TITLE1_CRAWL_CONTACT": "https://title1.example/benchmark",
        "TITLE1_CRAWL_HOSTS_FILE": str(site / "hosts"),
        "TITLE1_CRAWL_HOSTS_ONLY": "1",
        "TITLE1_CRAWL_AGGREGATORS_FILE": str(aggregators),
        "TITLE1_CRAWL_ALLOW_ADDRESSES": "127.0.0.0/8",
        "TITLE1_CRAWL_ALLOW_PORTS": str(web["port"]),
        "TITLE1_CRAWL_DELAY_SECONDS": DELAY_SECONDS,
        "TITLE1_GUESS_PATTERNS_FILE": str(patterns),
        "TITLE1_GUESS_NAMES": "30" if guesses else "0",
        **({"TITLE1_SEARXNG_URL": web["search"]} if search else {}),
    }
    arguments = ["-a", f"schools={site / 'schools.csv'}"]
    if directory:
        arguments += ["-a", f"directory={site / 'ccd_sch_029.csv'}"]
    subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "website_discovery", *arguments, "-o", str(feed), "-L", "ERROR"],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("TITLE1_")} | environment,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return [json.loads(line) for line in feed.read_text("utf-8").splitlines()]


def _judged(folder: Path, rows: list[dict[str, Any]]) -> list[str]:
    """Right, wrong, coverage, precision, and how many wait for a person or for another time."""
    found, leads = folder / "found.csv", folder / "leads.csv"
    with found.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("name", "district", "website"))
        for row in rows:
            accepted = row["website"] if row["outcome"] == "accepted" else ""
            writer.writerow((row["name"], row["district"], accepted))
    leads.write_text("school,name,email\n")
    result = score(folder / "web", found, leads, float(DELAY_SECONDS))
    right, wrong = result.websites_right, result.websites_wrong
    outcomes = [row["outcome"] for row in rows]
    return [
        str(right),
        str(wrong),
        f"{right / result.schools_total:.3f}",
        f"{right / (right + wrong):.3f}" if right + wrong else "–",
        str(outcomes.count("review")),
        str(outcomes.count("try_later")),
    ]


def _simulated(patterns: str, port: int) -> str:
    """The project's patterns, with the ending that all hosts of the simulated web have."""
    ended = re.sub(r'(?<=[}a-z0-9])\.(?:org|net|com|us|edu)"', f'.test:{port}"', patterns)
    return ended.replace(".us:", ".test:")


if __name__ == "__main__":
    main()
