"""Milliseconds a page of the staff reader, beside a regular expression over mailto links, in one run.

The pages are those of the simulated school web (seed 1965): every staff list in every layout, and as many pages that
list nobody. Usage: python benchmarks/staff.py
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from extraction.staff.page import read_staff_page
from tests.school_web.sites import build_hosts
from tests.school_web.world import generate

PORT = 8000
ROUNDS = 3
MAILTO = re.compile(r"""href=["']mailto:([^"'?]+)""", re.IGNORECASE)


def main() -> None:
    """Reads every page with both, round by round, and prints the figures."""
    pages = staff_and_other_pages()
    readers: dict[str, Callable[[str, str], object]] = {
        "read_staff_page": read_staff_page,
        "mailto regex": lambda html, _: MAILTO.findall(html),
    }
    for html, url in pages[:20]:
        read_staff_page(html, url)  # word lists are loaded at first use
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for html, url in pages:
            for name, read in readers.items():
                begun = time.perf_counter()
                read(html, url)
                times[name].append(1000 * (time.perf_counter() - begun))
    size = statistics.median(len(html) for html, _ in pages) / 1000
    table = Table("reader", "median ms", "p99 ms", "ratio", title=f"{len(pages)} pages, median {size:.0f} kB")
    base = statistics.median(times["mailto regex"])
    for name, spent in times.items():
        median = statistics.median(spent)
        table.add_row(name, f"{median:.3f}", f"{statistics.quantiles(spent, n=100)[98]:.3f}", f"{median / base:.0f}")
    Console().print(table)


def staff_and_other_pages() -> list[tuple[str, str]]:
    """The pages of the simulated web that are HTML, each with its address."""
    return [
        (page.html, f"http://{host.name}:{PORT}{path}")
        for host in build_hosts(generate(), PORT).values()
        for path, page in host.pages.items()
        if page.content_type == "text/html"
    ]


if __name__ == "__main__":
    main()
