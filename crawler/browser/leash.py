"""Runs a program that dies with its parent: `python leash.py PARENT PROGRAM ARGUMENT …`.

The crawl starts the driver, which starts Chromium in a process group of its own. Each ends when its pipe closes, unless
it hangs, or waits for one that hangs. The kernel's signal survives the start of another program, so whatever happens to
the crawl, neither is left. Stands alone and imports little: it runs before every start of the browser. On Linux only;
elsewhere there is no such signal.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def leashed(program: str, folder: Path) -> str:
    """Returns the path of a program in `folder` that starts `program` on a leash."""
    if sys.platform != "linux":
        return program
    script = folder / f"leashed-{Path(program).name}"
    words = shlex.join([sys.executable, "-I", str(Path(__file__).resolve())])
    script.write_text(f'#!/bin/sh\nexec {words} "$PPID" {shlex.quote(program)} "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    return str(script)


def main(parent: str, *command: str) -> None:
    """Becomes the program."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # A parent that ended before the line above can no longer be noticed by the kernel.
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  a program that the operator has installed, without a shell


if __name__ == "__main__":
    main(*sys.argv[1:])
