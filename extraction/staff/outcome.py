"""Why a page shows no staff: nobody is listed, a script would list them, or the site sent a challenge instead."""

from __future__ import annotations

from extraction.staff.document import Document
from extraction.staff.records import PageOutcome
from extraction.staff.vocabulary import table

_SHORT_PAGE = 3000
"""Characters of text below which a page can be a challenge."""
_NO_TEXT = 100
"""Characters of text below which a page shows nothing."""
_SHELL_TEXT = 600
"""Characters of text below which a script application is taken for a shell."""


def judge_empty(document: Document, markup: str, data: str) -> tuple[PageOutcome, str]:
    """The outcome of a page without people, and the reason; `data` says what was looked for in its scripts."""
    visible = " ".join([document.title, *(line.text for line in document.lines[:60])]).lower()
    if document.text_length < _SHORT_PAGE and (mark := _first("blocked", visible)):
        return "blocked", f"The site sent a challenge page (“{mark}”) instead of its content."
    lower = markup.lower()
    if document.text_length < _NO_TEXT and (mark := _first("blocking_markup", markup)):
        return "blocked", f"The site sent a page that only loads a challenge (“{mark}”)."
    application = next((mark for mark in table("outcome")["applications"] if mark.lower() in lower), None)
    content = sum(len(line.text) for line in document.lines if not line.in_menu)
    if content < _SHELL_TEXT and application:
        return "needs_browser", f"The page is an empty shell that a script fills in (mark “{application}”). {data}"
    if content < _SHELL_TEXT and (mark := _first("needs_script", _no_script_text(lower) + visible)):
        return "needs_browser", f"The page asks for a browser with scripts (“{mark}”). {data}"
    if not document.lines:
        return "no_staff", "The page has no text."
    return "no_staff", "No block of the page names a member of staff with enough evidence."


def _first(key: str, text: str) -> str | None:
    return next((mark for mark in table("outcome")[key] if mark in text), None)


def _no_script_text(lower: str) -> str:
    start = lower.find("<noscript")
    return lower[start : start + 600] if start >= 0 else ""
