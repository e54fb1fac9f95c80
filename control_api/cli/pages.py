"""Web pages that a command names by their addresses, fetched by the crawler in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import msgspec

from control_api.cli.errors import CliError

_SECONDS_A_PAGE = 120
"""Robots, pauses, retries and redirects of one address; a longer wait is a fault of the site."""


class WebPage(msgspec.Struct, frozen=True):
    """A page as the crawler's spider `page` tells of it."""

    asked: str
    url: str
    status: int | None = None
    encoding: str | None = None
    body: bytes = b""
    reason: str | None = None


def is_address(text: str) -> bool:
    """Whether an argument names a web page and no file."""
    return urlsplit(text).scheme in {"http", "https"}


def fetch_pages(urls: Sequence[str], *, browser: bool = False) -> dict[str, WebPage]:
    """The pages of these addresses, by the address asked for; robots.txt, pauses and the address guard hold for them.

    With `browser` they are as a browser shows them; all that they ask for then goes the same way.

    Raises:
        CliError: The crawler did not end.
    """
    if not urls:
        return {}
    with TemporaryDirectory(prefix="title1-pages-") as folder:
        into = Path(folder) / "pages.jsonl"
        command = [sys.executable, "-m", "crawler.launch", "page", f"urls={' '.join(urls)}", f"into={into}"]
        if browser:
            command.append("browser=1")
        try:
            ended = subprocess.run(
                [*command, "-s", "LOG_LEVEL=ERROR"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_SECONDS_A_PAGE * len(urls),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CliError("The crawler did not end in time; the sites may be down. Try again later.") from None
        lines = into.read_bytes().splitlines() if into.exists() else []
        pages = [msgspec.json.decode(line, type=WebPage) for line in lines]
        if not pages:
            last = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise CliError(f"The crawler could not fetch the pages: {last[0]}")
    return {page.asked: page for page in pages}
