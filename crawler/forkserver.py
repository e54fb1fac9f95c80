"""Starts spiders for the worker by forking: `python -m crawler.forkserver`, with a Unix socket as its standard input.

A spider's process needs a second and a half to import what it is made of. This process imports it once, opens nothing
and starts no thread, and forks a child for each spider: the child begins at once and shares the memory of the modules.

`extraction.forking.server` has the protocol. A spider's output is its log; its request is a JSON object (`arguments` of
`crawler.launch`, `environment`, `folder` to work in).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from crawler import launch
from extraction.forking.server import serve_control
from extraction.leash import end_with

_COLLECT_AFTER = (10_000, 5, 5)
"""Objects made until garbage is looked for, and how often until it is among older ones. A page is read into some ten
thousand; with Python's own 700 looking takes a tenth of the time of reading."""
_ONE_ARENA = (-8, 1)
"""M_ARENA_MAX of mallopt(3): what threads free, the crawl can use again. Else each would keep a heap of its own."""
_HELD_BACK = frozenset({signal.SIGINT, signal.SIGTERM})
"""What a child must not miss before it can heed it. The server never does: it ends when its worker has ended."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one child is to run, and in which surroundings."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str


def main() -> int:
    """Serves the worker that has started this process until it ends; in each child, runs the spider."""
    end_with(os.getppid())
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    gc.disable()  # a collection before the fork would leave holes that the children then write to
    preload()
    gc.freeze()  # the collections of the children leave alone what all share
    request = serve_control()
    if request is None:
        return 0
    status = run(Request(**json.loads(request)))
    # Ending the interpreter would write to all that is shared with the server, and so double the child's memory.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def preload() -> None:
    """Imports what a crawl for a job is made of. Reads neither settings nor environment: each child has its own."""
    from scrapy.settings import Settings  # noqa: PLC0415  by now this process is on its leash
    from scrapy.utils.misc import walk_modules_iter  # noqa: PLC0415
    from sqlalchemy.orm import configure_mappers  # noqa: PLC0415

    from crawler.addon import PARTS  # noqa: PLC0415

    named: list[Any] = [*PARTS]
    for value in Settings().values():
        named += [*value, *value.values()] if isinstance(value, Mapping) else [value]
    for path in named:
        if isinstance(path, str) and path.startswith(("scrapy.", "crawler.")):
            import_module(path.rpartition(".")[0])
    for name in ("scrapy.crawler", "scrapy.utils.project", "crawler.spiders", "crawler.job_targets"):
        list(walk_modules_iter(name))
    configure_mappers()  # otherwise each child does it, with its first statement


def run(request: Request) -> int:
    """Runs the spider in a fresh child, in the surroundings of its request."""
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    # What the C library and Python have taken from the environment. Python itself seeds `random` anew after a fork.
    time.tzset()
    tempfile.tempdir = None
    sys.argv[1:] = request.arguments
    gc.set_threshold(*_COLLECT_AFTER)
    gc.enable()
    _share_one_heap()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
    return launch.main(request.arguments)


def _share_one_heap() -> None:
    with contextlib.suppress(AttributeError):  # only the GNU C library has heaps a thread
        ctypes.CDLL(None).mallopt(*_ONE_ARENA)


if __name__ == "__main__":
    sys.exit(main())
