"""White space: as a page shows it, and where it parts words: wide gaps, and elements that a style sheet sets apart."""

from __future__ import annotations

import re

_SPACES = re.compile(r"[\s\u200b\ufeff]+")
_GAP = re.compile(r"(?:(?<=\u00a0\u00a0\u00a0)|(?<=\u00a0 \u00a0)|(?<=\u00a0\u00a0 ))(?=[^\s\u00a0])")
"""The end of three spaces that a browser shows."""
_PREFORMATTED_GAP = re.compile(r"(?<=   )(?=\S)|(?<=\t)(?=\S)")


def squeeze(text: str) -> str:
    """The text with every run of white space as one space, and none around it."""
    return single_spaced(text).strip()


def single_spaced(text: str) -> str:
    """The text with every run of white space as one space."""
    # Most texts have single spaces only: what can be printed has no other white space, and nothing of no width.
    return text if "  " not in text and text.isprintable() else _SPACES.sub(" ", text)


def split_at_gaps(text: str, *, is_preformatted: bool) -> list[str]:
    """The parts of a text between gaps that people type to make columns: "Jane Doe&nbsp;&nbsp;&nbsp;Principal"."""
    if is_preformatted:
        return _PREFORMATTED_GAP.split(text)
    return _GAP.split(text)


def join_pieces(pieces: list[str]) -> str:
    """The text of a line. Elements that a style sheet sets apart ("Doe</span><span>Principal") are kept apart."""
    text = pieces[0] if pieces else ""
    for piece in pieces[1:]:
        text += " " + piece if text and piece and _are_apart(text, piece) else piece
    return text


def _are_apart(left: str, right: str) -> bool:
    """Whether a word ends with one piece and another begins with the next, though no space stands between them."""
    if not right[0].isalnum():
        return False
    if not right[0].islower() and (left[-1].islower() or left[-1].isdigit()):
        return True
    # "Doe III</span><span>Chemistry", "Doe Jr.</span><span>Chemistry", "Chemistry</span><span>jdoe@…"
    ends = left[-1] == "." or left[-2:].isupper()
    return (ends and right[0].isupper() and right[1:2].islower()) or ("@" in right and left[-1].isalnum())
