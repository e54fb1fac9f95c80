"""A quick web of schools on loopback: `python -m benchmarks.crawls.web --hosts N …`, until its input is closed.

Each host is an address of 127.0.0.0/8 with a home page and a staff list of several pages, which only its own addresses
name. No framework answers, so that the server takes a tenth of the processor time of whoever asks. It notes when each
request came and tells it at `/_told`. Linux only: elsewhere 127.0.0.1 is the only address of loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
from typing_extensions import override

from tests.school_web.vocabulary import vocabulary

_TOLD, _COUNT, _ROBOTS = "/_told", "/_count", "/robots.txt"
_PROJECT = Path(__file__).parents[2]
_TITLES = ("Principal", "Assistant Principal", "Math Teacher", "Science Teacher", "School Counselor", "Secretary")
_HEAD = "<tr><th>Name</th><th>Position</th><th>Email</th><th>Phone</th></tr>"
_MENU = ("News", "Calendar", "Lunch Menus", "Parents", "Students", "Athletics", "Library", "Bus Routes", "Enrollment")


class Size(msgspec.Struct, frozen=True):
    """How large a web is."""

    hosts: int
    pages: int
    """Of each host's staff list; its home page comes before them."""
    people: int = 20
    """On each page of a list."""
    filling: int = 8
    """Kilobytes, about, of each page that say nothing: menus, scripts, a footer."""
    latency: float = 0.0
    """Seconds until an answer."""


class Told(msgspec.Struct, frozen=True):
    """What a web was asked."""

    pages: list[float]
    """When each page was asked for, by the clock that all processes of this machine share."""
    rules: list[float]
    """When each robots.txt was."""
    shortest_gap: float
    """Seconds between two requests to one host, at least; those for robots.txt count."""


@dataclass(slots=True)
class Web:
    """A web that is being served."""

    size: Size
    port: int

    @property
    def sites(self) -> list[str]:
        """The home pages."""
        return [f"http://{address}:{self.port}/" for address in addresses(self.size.hosts)]

    def count(self) -> int:
        """How many pages were asked for so far."""
        return int(self._ask(_COUNT))

    def told(self) -> Told:
        """What it was asked so far."""
        return msgspec.json.decode(self._ask(_TOLD), type=Told)

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{addresses(1)[0]}:{self.port}{path}", timeout=30) as answer:
            return answer.read()


@contextlib.contextmanager
def served(size: Size) -> Generator[Web]:
    """Serves a web in a process of its own for the length of the block."""
    options = [part for name, value in msgspec.to_builtins(size).items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "benchmarks.crawls.web", *options]
    with subprocess.Popen(command, cwd=_PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Web(size, json.loads(process.stdout.readline())["port"])
        finally:
            process.stdin.close()


def addresses(hosts: int) -> list[str]:
    """The addresses of the hosts."""
    return [f"127.7.{number // 250}.{1 + number % 250}" for number in range(hosts)]


def page(size: Size, host: str, path: str) -> str | None:
    """The page of a host at a path; None where there is none."""
    if path == "/":
        return _document("Home", '<p>Welcome.</p><a href="/staff">Staff Directory</a>', size.filling)
    found = re.fullmatch(r"/staff(?:\?page=(\d+))?", path)
    number = int(found[1] or 1) if found else 0
    if not 1 <= number <= size.pages:
        return None
    first = _place(host) * size.pages * size.people + (number - 1) * size.people
    rows = "".join(_row(place, host) for place in range(first, first + size.people))
    link = f'<a rel="next" href="/staff?page={number + 1}">Next</a>' if number < size.pages else ""
    return _document("Staff Directory", f"<table>{_HEAD}{rows}</table>{link}", size.filling)


def _document(title: str, content: str, filling: int) -> str:
    return f"<html><head><title>{title}</title>{_script(filling)}</head><body>{_menu(filling)}<h1>{title}</h1>{content}"


@cache
def _script(filling: int) -> str:
    return "<script>" + "var settings = {};\n" * (filling * 20) + "</script>"


@cache
def _menu(filling: int) -> str:
    words = [(word, word.lower().replace(" ", "-"), place) for place in range(9) for word in _MENU]
    links = [f'<li><a href="/{path}/{place}">{word} {place}</a></li>' for word, path, place in words]
    return f"<nav><ul>{''.join(links[: filling * 6])}</ul></nav>"


def _row(place: int, host: str) -> str:
    words = vocabulary().people
    first, last = words.first[place % len(words.first)], words.last[place // len(words.first) % len(words.last)]
    mail = f"{first}.{last}.{place}@{host.replace('.', '-')}.test".lower()
    title = _TITLES[place % len(_TITLES)]
    cells = (f"{first} {last}", title, f'<a href="mailto:{mail}">{mail}</a>', f"205-555-{place % 10_000:04d}")
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _place(host: str) -> int:
    _, _, high, low = host.split(".")
    return int(high) * 250 + int(low) - 1


@dataclass(slots=True)
class _Notes:
    size: Size
    asked: dict[str, list[float]] = field(default_factory=lambda: defaultdict[str, list[float]](list))
    pages: list[float] = field(default_factory=list[float])
    rules: list[float] = field(default_factory=list[float])

    def answer(self, host: str, path: str) -> bytes:
        if path == _COUNT:
            return _packed(200, str(len(self.pages)), "text/plain")
        if path == _TOLD:
            gaps = (later - earlier for times in self.asked.values() for earlier, later in pairwise(times))
            told = Told(self.pages, self.rules, min(gaps, default=0.0))
            return _packed(200, msgspec.json.encode(told).decode(), "application/json")
        now = time.monotonic()
        self.asked[host].append(now)
        if path == _ROBOTS:
            self.rules.append(now)
            return _packed(200, "User-agent: *\nDisallow: /admin/\nDisallow: /search\n", "text/plain")
        self.pages.append(now)
        body = page(self.size, host, path)
        return _packed(404, "no such page", "text/html") if body is None else _packed(200, body, "text/html")


class _Answering(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, notes: _Notes) -> None:
        self._notes = notes
        self._read = b""
        self._transport: asyncio.Transport | None = None
        self._host = ""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._host = transport, transport.get_extra_info("sockname")[0]

    @override
    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            answer = self._notes.answer(self._host, path)
            latency = 0.0 if path.startswith("/_") else self._notes.size.latency
            asyncio.get_running_loop().call_later(latency, self._send, answer)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def _packed(status: int, text: str, kind: str) -> bytes:
    body = text.encode()
    reason = "OK" if status == 200 else "Not Found"
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(size: Size) -> None:
    loop = asyncio.get_running_loop()
    notes = _Notes(size)
    hosts = addresses(size.hosts)
    first = await loop.create_server(lambda: _Answering(notes), hosts[0], 0, backlog=1000)
    port = int(first.sockets[0].getsockname()[1])
    if hosts[1:]:
        await loop.create_server(lambda: _Answering(notes), hosts[1:], port)
    print(json.dumps({"port": port}), flush=True)
    # Whoever started it closes this, or ends.
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Serves until the input is closed; the first line printed tells the port."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for one in msgspec.structs.fields(Size):
        kind = float if one.name == "latency" else int
        parser.add_argument(f"--{one.name}", type=kind, required=one.required, default=one.default)
    asyncio.run(_serve(Size(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
