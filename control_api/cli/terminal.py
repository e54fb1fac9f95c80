"""The terminal, or the file or pipe that stands in its place."""

from __future__ import annotations

import sys

from rich.console import Console

PIPE_COLUMNS = 200


def terminal() -> Console:
    """A console as wide as the terminal; in a pipe as wide as a table needs, since nobody folds lines there."""
    return Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS)
