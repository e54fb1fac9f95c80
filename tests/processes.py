"""Processes that this one has started."""

from __future__ import annotations

import contextlib

import psutil


def started(module: str) -> psutil.Process:
    """The one child that runs `python -m module`; those that have ended and wait to be reaped do not count."""
    [found] = running(module)
    return found


def running(module: str) -> list[psutil.Process]:
    """The children that run `python -m module`."""
    found: list[psutil.Process] = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie has no command any more
            if module in child.cmdline():
                found.append(child)
    return found


def forked(module: str) -> list[psutil.Process]:
    """All that its fork servers' children are made of, each before what it has started itself."""
    return [process for server in running(module) for process in server.children(recursive=True)]
