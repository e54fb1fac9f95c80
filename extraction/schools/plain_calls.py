"""Plain calls of pdfium: functions that take addresses as numbers and keep the interpreter's lock.

The bindings check and wrap each argument, which costs more than what a small function of pdfium does: 1.0 instead of
0.4 µs a call, and a page asks thousands of questions.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

Handle = Any
"""A pointer of pdfium's own; its bindings have no types for them."""


def address(raw: Handle) -> int:
    """The address that a pointer of pdfium holds; 0 for none."""
    return ctypes.cast(raw, ctypes.c_void_p).value or 0


def plain_call(function: Handle, returns: type[Any], *takes: type[Any]) -> Callable[..., Any]:
    """A function of pdfium by its C types, pointers as `ctypes.c_void_p`."""
    return ctypes.PYFUNCTYPE(returns, *takes)(address(function))
