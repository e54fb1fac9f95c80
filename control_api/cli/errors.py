"""How the command line tells what went wrong: one line with the cause and the next step, and an exit code."""

from __future__ import annotations


class CliError(Exception):
    """A command cannot do what was asked. Ends the program with exit code `code`, without a traceback."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
