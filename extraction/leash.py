"""The leash of a child process: it ends when its parent ends, however that happens."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which started it, has ended.

    Only Linux can; elsewhere a child has to notice by itself that its pipes are closed. The kernel means the thread
    that started this process, so that thread has to live as long as the parent.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was gone before the kernel was asked.
        sys.stderr.write("the process that started this one has ended\n")
        sys.stderr.flush()
        os._exit(1)
