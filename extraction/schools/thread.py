"""The thread of a reading: what earlier pages of a document say about later ones, kept behind each page.

A header, a heading or a legend is printed once and holds for the pages that follow. Whoever keeps the thread with a
page's rows can go on behind that page, in another process too, and gets the very rows of a reading that never stopped.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import msgspec

import extraction
from extraction.evidence import Printed
from extraction.schools.document_state import NamedState
from extraction.schools.headers import ColumnPlan
from extraction.schools.records import FieldName
from extraction.schools.sequence import SequenceMemory

_READS_LISTS = ("*.py", "places/*.py", "places/*.toml", "schools/**/*.py", "schools/*.toml")
"""What decides how a list is read, within `extraction`; staff pages are read by other code."""

LARGEST = 64 * 2**10
"""Bytes of a thread that is kept; lists have 1 to 3 KB. Behind a page that says more the document is read anew."""


class ReadingThread(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a reading knows behind a page."""

    page: int
    """The last page that was read; 0 before the first."""
    plan: ColumnPlan | None = None
    carried: dict[FieldName, Printed] = {}
    """What the last headings say of the rows below."""
    legend: dict[str, str] = {}
    numbers: SequenceMemory = SequenceMemory()
    method: str | None = None
    """The layout that read an earlier page surely, or best of all."""
    enough: float = 1.0
    """How sure it has to be on the next page to be taken without trying the others."""
    state: NamedState | None = None


class _Kept(msgspec.Struct, frozen=True):
    program: str
    thread: ReadingThread


def kept_thread(thread: ReadingThread) -> str | None:
    """The thread as text, for `thread_before`; None where it is too large to be kept."""
    text = msgspec.json.encode(_Kept(program(), thread))
    return text.decode() if len(text) <= LARGEST else None


def thread_before(text: str | None, page: int) -> ReadingThread | None:
    """The thread for a reading that reports from `page` on; None where all earlier pages have to be read.

    A thread that another version of the program kept is refused: it may mean something else by the same words.
    """
    if text is None:
        return None
    try:
        kept = msgspec.json.decode(text, type=_Kept)
    except msgspec.DecodeError:
        return None
    return kept.thread if kept.program == program() and kept.thread.page < page else None


@cache
def program() -> str:
    """A short name of the code and the vocabularies that read school lists; any change gives another one."""
    root = Path(extraction.__file__).parent
    told = hashlib.sha256()
    for path in sorted(path for pattern in _READS_LISTS for path in root.glob(pattern)):
        told.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()[:16]
