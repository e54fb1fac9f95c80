"""The command line for tests: in the test's own process, which spares its start, or as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest

from control_api.cli.main import invoke

Ended = subprocess.CompletedProcess[str]
"""How a command ended: `returncode`, `stdout`, `stderr`."""


def title1(*arguments: str, **environment: str) -> Ended:
    """Runs a command as `main` does, but here: with this process's logging and signals."""
    out, err = StringIO(), StringIO()
    code: object = None
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            invoke(arguments)
        except SystemExit as end:
            code = end.code
    assert code is None or isinstance(code, int), code
    return subprocess.CompletedProcess(["title1", *arguments], code or 0, out.getvalue(), err.getvalue())


def title1_process(*arguments: str, **environment: str) -> Ended:
    """Runs a command as a person's shell does."""
    return subprocess.run(
        [sys.executable, "-m", "control_api.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


@dataclass(frozen=True, slots=True)
class Shell:
    """The command line beside an API that this test's event loop serves: each command runs in another thread."""

    environment: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def url(self) -> str:
        """Where the API answers."""
        return self.environment["TITLE1_URL"]

    async def run(self, *arguments: str) -> Ended:
        """Runs a command to its end, whatever that is."""
        return await asyncio.to_thread(title1, *arguments, **self.environment)

    async def said(self, *arguments: str) -> str:
        """What a command that succeeds tells."""
        done = await self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def lines(self, *arguments: str) -> list[Any]:
        """What a command that succeeds tells as JSON Lines."""
        return [json.loads(line) for line in (await self.said(*arguments, "--json")).splitlines()]
