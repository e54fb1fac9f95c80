"""Pages that a script fills, for the tests of the browser, and the browser's processes while one is shown."""

from __future__ import annotations

import json
import subprocess

import psutil
import pytest

from crawler.browser.settings import find_chromium, missing_parts
from tests.crawler.conftest import Crawler, Web, home_page, wait_until

NEEDS_CHROMIUM = pytest.mark.skipif(
    bool(missing_parts()), reason="no browser: install the package `chromium`, or name one in TITLE1_CHROMIUM"
)
TEACHERS = (
    ("Maria Alvarez", "Principal", "malvarez@pine.test"),
    ("John Okafor", "Art Teacher", "jokafor@pine.test"),
    ("Grace Whitman", "School Nurse", "gwhitman@pine.test"),
)
NAMES = {name for name, _, _ in TEACHERS}
FILL = """
function fill(people) {
  const table = document.createElement("table");
  table.innerHTML = "<tr><th>Name</th><th>Position</th><th>Email</th></tr>" + people.map(
    ([name, title, email]) =>
      `<tr><td>${name}</td><td>${title}</td><td><a href="mailto:${email}">${email}</a></td></tr>`
  ).join("");
  document.getElementById("root").replaceChildren(table);
}
"""
FETCH = FILL + 'fetch("/api/staff").then((answer) => answer.json()).then(fill);'


def shell(script: str = '<script src="/app.js"></script>', head: str = "") -> str:
    """A page that names nobody before its script has run."""
    noscript = "<noscript>Please enable JavaScript.</noscript>"
    body = f'<div id="root"></div>{noscript}{script}'
    return f"<html><head><title>Staff</title>{head}</head><body>{body}</body></html>"


def inline(script: str) -> str:
    """A shell whose script stands in the page and ends by filling it, whatever else it does before."""
    return shell(f"<script>{FILL}{script};fill({json.dumps(TEACHERS)});</script>")


def browser_school(crawler: Crawler, loopback: Web, host: str = "pine.test", staff: str | None = None) -> str:
    """A school whose staff page needs a browser; returns its address."""
    crawler.hosts(host)
    crawler.environment["TITLE1_CHROMIUM"] = find_chromium() or ""
    text = "Welcome to our school, where every child learns. " * 20
    loopback.page(host, "/", home_page("Pine Elementary", {"Staff Directory": "/staff"}, text))
    loopback.page(host, "/staff", staff or shell())
    loopback.page(host, "/app.js", FETCH, headers={"Content-Type": "text/javascript"})
    loopback.page(host, "/api/staff", json.dumps(TEACHERS), headers={"Content-Type": "application/json"})
    return loopback.url(host)


def browser_processes(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Everything that a crawl has started."""
    return psutil.Process(process.pid).children(recursive=True)


def is_chromium(process: psutil.Process) -> bool:
    """Whether this is Chromium's main process, begun, and not what is about to become it."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    return "--remote-debugging-pipe" in words and not any(word.endswith("leash.py") for word in words)


def wait_for_chromium(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Waits until a crawl's Chromium runs; returns all that the crawl has started, Chromium's main process first."""

    def mains() -> list[psutil.Process]:
        return [one for one in browser_processes(process) if is_chromium(one)]

    wait_until(lambda: bool(mains()))
    return [*mains(), *browser_processes(process)]


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether processes end within a few seconds."""
    return psutil.wait_procs(set(processes), timeout=20)[1] == []
