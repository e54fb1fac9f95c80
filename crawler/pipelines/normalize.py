"""Makes the texts of items fit to be kept: one Unicode form, no control characters, single spaces, bounded lengths.

First of the pipelines. Values keep their words: nothing is corrected, translated or completed here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, cast

import msgspec

from crawler.items import CandidateItem, PageItem, TargetItem, WaitingItem
from extraction.staff.records import Person

if TYPE_CHECKING:
    from crawler.answers import KeptAnswer

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LONGEST_URL = 2_000
_LONGEST = {"snippet": 300, "path": 1_000, "profile_url": _LONGEST_URL, "email": 254, "phone": 64, "extension": 16}
_LONGEST_TEXT = 200
_LONGEST_REASON = 1_000


class NormalizePipeline:
    """Normalizes the texts of every item."""

    def process_item(self, item: Any) -> Any:
        """Returns the item with its texts normalized."""
        if isinstance(item, PageItem):
            item.url, item.reason = plain_text(item.url, _LONGEST_URL), plain_text(item.reason, _LONGEST_REASON)
            item.people = [normalized_person(person) for person in item.people]
            if item.kept is not None:
                _normalize_kept(item.kept)
        elif isinstance(item, CandidateItem):
            item.url = plain_text(item.url, _LONGEST_URL)
            for signal in item.signals:
                signal.detail = plain_text(signal.detail, _LONGEST_TEXT)
        elif isinstance(item, TargetItem):
            item.reason = plain_text(item.reason, _LONGEST_REASON)
            for tried in item.tried:
                tried.detail = plain_text(tried.detail, _LONGEST_REASON)
        elif isinstance(item, WaitingItem):
            item.reason = plain_text(item.reason, _LONGEST_REASON)
            for shell in item.noted.shells:
                shell.url, shell.note = plain_text(shell.url, _LONGEST_URL), plain_text(shell.note, _LONGEST_TEXT)
        return item


def _normalize_kept(kept: KeptAnswer) -> None:
    kept.url = plain_text(kept.url, _LONGEST_URL)
    if kept.content_type is not None:
        kept.content_type = plain_text(kept.content_type, _LONGEST_TEXT)
    step = kept.step
    step.url, step.source = plain_text(step.url, _LONGEST_URL), plain_text(step.source, _LONGEST_URL)
    step.note = plain_text(step.note, _LONGEST_TEXT)


def normalized_person(person: Person) -> Person:
    """Returns a person whose texts are normalized; an e-mail address is put in lower case."""
    changes: dict[str, str | tuple[str, ...] | None] = {}
    for name in person.__struct_fields__:
        value = getattr(person, name)
        if isinstance(value, str):
            text = plain_text(value, _LONGEST.get(name, _LONGEST_TEXT))
            if name == "email":
                text = text.lower()
            if text != value:
                # An empty text in a field that may be absent is an absent value.
                changes[name] = text or (None if name not in {"name", "snippet", "path", "role"} else "")
        elif isinstance(value, tuple):
            texts = tuple(text for one in cast("tuple[str, ...]", value) if (text := plain_text(one, _LONGEST_TEXT)))
            if texts != value:
                changes[name] = texts
    return msgspec.structs.replace(person, **changes) if changes else person


def plain_text(text: str, longest: int) -> str:
    """Returns a text in NFC, without characters that no database or reader should meet, cut at `longest`."""
    if text.isascii() and text.isprintable() and "  " not in text and len(text) <= longest and text == text.strip():
        return text  # as nearly all are
    return " ".join(unicodedata.normalize("NFC", _UNFIT.sub("", text)).split())[:longest].rstrip()
