"""Milliseconds a page of the staff reader, beside e-mail finders, in one run; and what it costs as pages grow.

The pages are those of the simulated school web (seed 1965), every staff list in every layout and as many pages that
list nobody, or the HTML files of a folder. Times are of the processor, so that a busy machine tells the same.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, product
from pathlib import Path

from rich.console import Console
from rich.table import Table

from extraction.staff.page import read_staff_page
from tests.school_web.founding import generate
from tests.school_web.sites import build_hosts

PORT = 8000
ROUNDS = 3
SIZES_KB = (10, 100, 500, 2000)
MAILTO = re.compile(r"""href=["']mailto:([^"'?]+)""", re.IGNORECASE)
_EXAMPLES = """\
examples:
  python benchmarks/staff.py
  python benchmarks/staff.py --folder pages        pages/*.html
The peer is measured where it is installed: pip install extract-emails
"""

Reader = Callable[[str, str], object]
Page = tuple[str, str]
"""HTML and address."""


def main() -> None:
    """Reads every page with every reader, round by round, and prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="read the HTML files of this folder instead")
    folder: Path | None = parser.parse_args().folder
    pages = pages_of(folder) if folder else simulated_pages()
    if not pages:
        parser.error(f"{folder} holds no *.html")
    console = Console()
    console.print(_compared(pages))
    console.print(_grown())


def simulated_pages() -> list[Page]:
    """The pages of the simulated web that are HTML, each with its address."""
    return [
        (page.html, f"http://{host.name}:{PORT}{path}")
        for host in build_hosts(generate(), PORT).values()
        for path, page in host.pages.items()
        if page.content_type == "text/html"
    ]


def pages_of(folder: Path) -> list[Page]:
    """The HTML files of a folder."""
    files = sorted(folder.glob("*.html"))
    return [(file.read_text("utf-8", errors="replace"), f"https://pages.invalid/{file.name}") for file in files]


def grown_page(kilobytes: int, kind: str) -> str:
    """A staff list of about this size: `table`, `cards` or `list`, in which nobody and no surname is there twice."""
    forms = {
        "table": "<tr><td>{0} {1}</td><td>Math Teacher</td><td><a href='mailto:{2}@x.test'>Email</a></td></tr>",
        "cards": "<div><h3>{0} {1}</h3><p>Math Teacher</p><p><a href='mailto:{2}@x.test'>Email</a></p></div>",
        "list": "<li>{0} {1} - Math Teacher</li>",
    }
    parts: list[str] = []
    size = 0
    for given, surname in zip(cycle(("Alma", "Bruno", "Carla")), _surnames(), strict=False):
        parts.append(forms[kind].format(given, surname, surname.lower()))
        size += len(parts[-1])
        if size >= 1000 * kilobytes:
            break
    body = "".join(parts)
    return f"<html><body><h1>Staff Directory</h1>{f'<table>{body}</table>' if kind == 'table' else body}</body></html>"


def _surnames() -> Iterator[str]:
    """As many as the largest page needs: three syllables of 42, and an ending."""
    syllables = [f"{consonant}{vowel}" for consonant in "bdfgklmnprstvw" for vowel in "aeo"]
    for first, second, third in product(syllables, repeat=3):
        yield f"{first}{second}{third}n".capitalize()


def _compared(pages: Sequence[Page]) -> Table:
    readers = _readers()
    for html, url in pages[:20]:
        read_staff_page(html, url)  # word lists are loaded at first use
    gc.freeze()  # and left alone by collections, as in the processes that a worker forks for its crawls
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for page in pages:
            for name, read in readers.items():
                times[name].append(_milliseconds(read, page))
    size = statistics.median(len(html) for html, _ in pages) / 1000
    table = Table("reader", "median ms", "p99 ms", "ratio", title=f"{len(pages)} pages, median {size:.0f} kB")
    base = statistics.median(times["mailto regex"])
    for name, spent in times.items():
        median = statistics.median(spent)
        table.add_row(name, f"{median:.3f}", f"{statistics.quantiles(spent, n=100)[98]:.3f}", f"{median / base:.0f}")
    return table


def _grown() -> Table:
    table = Table("kB", *(f"{kind}: µs a kB" for kind in ("table", "cards", "list")), title="as pages grow")
    for size in SIZES_KB:
        costs: list[str] = []
        for kind in ("table", "cards", "list"):
            html = grown_page(size, kind)
            # Once: the names of a page that was read before come out of caches.
            spent = _milliseconds(read_staff_page, (html, "https://pages.invalid/staff"))
            costs.append(f"{spent * 1_000_000 / len(html):.0f}")
        table.add_row(str(size), *costs)
    return table


def _readers() -> dict[str, Reader]:
    readers: dict[str, Reader] = {
        "read_staff_page": read_staff_page,
        "mailto regex": lambda html, _: MAILTO.findall(html),
    }
    try:
        peer = importlib.import_module("extract_emails.data_extractors").EmailExtractor()
    except ImportError:
        return readers
    return readers | {"extract-emails": lambda html, _: peer.get_data(html)}


def _milliseconds(read: Reader, page: Page) -> float:
    begun = time.process_time()
    read(*page)
    return 1000 * (time.process_time() - begun)


if __name__ == "__main__":
    main()
