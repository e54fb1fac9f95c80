"""Damage: what a broken text layer does to words, mended before anything is read from them.

A PDF may look right and read wrong. Ligatures lose their mapping ("A\ufffdala" for Attala) or their width, so that
a gap opens behind them ("Bapti st", "Sunfl ower"). What is mended is counted, because a page with much of it is less
sure. Measured on state lists: 7 of 18 had damage of some kind.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import chain, combinations, islice, pairwise

import msgspec

from extraction.places import place_words
from extraction.schools.records import Damage
from extraction.schools.sheets import Line, Sheet, line_of
from extraction.schools.vocabulary import vocabulary
from extraction.schools.words import Word

_LOST = "\ufffd"
_LIGATURES = ("tt", "ti", "fi", "fl", "ff", "ft", "tf", "ffi", "ffl", "th", "ct", "st")
"""What fonts join into one glyph, and so may lose as one character."""

_BREAKS_AFTER = ("tt", "ti", "fi", "fl", "ff", "ft", "tf", "ffi", "ffl", _LOST)
_NO_WORDS_END = ("ti", "fi", "fl", "tf", "ffi", "ffl", _LOST)
"""The endings among them that hardly a word has; behind the others ("Scott of") a small word may stand alone."""
_STAYS_APART = frozenset(
    {"of", "the", "and", "at", "for", "in", "on", "to", "by", "with", "a", "an", "or", "is", "no", "as"}
    | {"de", "del", "la", "las", "los", "el", "y", "du", "des", "von", "van", "der"}
)
"""Lower-case words that stand alone in names."""

_SURELY_READ = 0.94
"""Sureness from which a word of a scan is believed. Most have 0.96; those with a wrong letter 0.3 to 0.92."""

_LOOKS_LIKE = {"i": "l", "l": "i", "1": "l", "I": "l", "!": "l", "|": "l", "0": "o", "5": "s"}
"""Letters that are taken for others where a scan is coarse."""

_SHORT = 5
_MOST_SPOTS = 5
"""Letters of a word that may be others; more of them make too many words."""

_PARTS = re.compile(r"([-/.,;:()'’])")

_LONG_PARTS = re.compile(r"[^\W\d_]{4,}")
_SAMPLE = 400
"""Words of a page that tell how many are known."""
_FEWEST_PARTS = 20
_FEW_LISTED = 0.4
_FEW_KNOWN = 0.65
"""Shares of known words. Measured on 200 pages of 70 lists: nine of ten have more words of school lists, all but three
lists more known ones (.7 to .95). With one letter in ten misread .45 are known, with one in five .25."""

_LETTER_SPACED = 4
"""Single letters in a row, evenly spaced, that are one spaced-out word ("S C H O O L")."""


def mended(sheet: Sheet) -> Sheet:
    """The sheet with its words made whole, and with what that took."""
    lines, damage = _mended(sheet.lines, sheet.damage)
    return msgspec.structs.replace(sheet, lines=lines, damage=damage) if damage != sheet.damage else sheet


def respelled(sheet: Sheet) -> Sheet:
    """A scan's sheet with doubtful words spelled as known ones, where only letters that look alike differ."""
    lines: list[Line] = []
    found = 0
    for line in sheet.lines:
        words = [_respelled(word) if word.sure < _SURELY_READ else word for word in line.words]
        changed = sum(old.text != new.text for old, new in zip(line.words, words, strict=True))
        found += changed
        lines.append(line_of(words) if changed else line)
    if not found:
        return sheet
    damage = msgspec.structs.replace(sheet.damage, restored=sheet.damage.restored + found)
    return msgspec.structs.replace(sheet, lines=tuple(lines), damage=damage)


def known_share(words: Iterable[Word]) -> float | None:
    """The share of words of four letters and more that are those of places and of school lists; None of a few."""
    parts = _parts_of(words)
    return _share(parts, _listed_words()) if len(parts) >= _FEWEST_PARTS else None


def may_be_garbled(words: Iterable[Word]) -> bool:
    """Whether few words are those of school lists. The words of places take a while to load; most pages need none."""
    parts = _parts_of(words)
    return len(parts) >= _FEWEST_PARTS and _share(parts, _list_words()) < _FEW_LISTED


def is_garbled(words: Iterable[Word]) -> bool:
    """Whether hardly a word is known: what a bad recognition wrote, or a list of another kind."""
    words = tuple(words)
    return may_be_garbled(words) and (known_share(words) or 0) < _FEW_KNOWN


def _parts_of(words: Iterable[Word]) -> list[str]:
    return _LONG_PARTS.findall(" ".join([word.text for word in islice(words, _SAMPLE)]).casefold())


def _share(parts: Sequence[str], known: Collection[str]) -> float:
    return sum([part in known for part in parts]) / len(parts)


def _mended(lines: Sequence[Line], so_far: Damage) -> tuple[tuple[Line, ...], Damage]:
    whole: list[Line] = []
    joined = spaced = 0
    for line in lines:
        words = list(line.words)
        if (closed := _closed_up(words)) is not None:
            words, spaced = closed, spaced + 1
        if any(word.text.endswith(_BREAKS_AFTER) for word in words[:-1]) and not _is_prose(words):
            before = len(words)
            words = _rejoined(words)
            joined += before - len(words)
        whole.append(line if len(words) == len(line.words) else line_of(words))
    if not any(_LOST in word.text for line in whole for word in line.words):
        return tuple(whole), msgspec.structs.replace(so_far, joined=joined, spaced=spaced)
    known = _known_words(word.text for line in whole for word in line.words)
    restored = lost = 0
    for at, line in enumerate(whole):
        if not any(_LOST in word.text for word in line.words):
            continue
        words = [_restored(word, known) for word in line.words]
        lost += sum(_LOST in word.text for word in words)
        restored += sum(old.text != new.text for old, new in zip(line.words, words, strict=True))
        whole[at] = line_of(words)
    return tuple(whole), msgspec.structs.replace(so_far, joined=joined, restored=restored, lost=lost, spaced=spaced)


def _rejoined(words: Sequence[Word]) -> list[Word]:
    """Words put together again where one ends in a ligature and the next goes on in small letters."""
    joined: list[Word] = []
    for word in words:
        if joined and _goes_on(joined[-1], word):
            before = joined[-1]
            joined[-1] = _one(before, word)
        else:
            joined.append(word)
    return joined


def _one(before: Word, word: Word) -> Word:
    return msgspec.structs.replace(before, text=before.text + word.text, box=before.box | word.box)


def _goes_on(before: Word, word: Word) -> bool:
    return bool(
        before.text.endswith(_BREAKS_AFTER)
        and word.text[0].islower()
        and (before.text.endswith(_NO_WORDS_END) or word.text.rstrip(".,;:)") not in _STAYS_APART)
        and word.box.left - before.box.right < 0.6 * word.height
    )


def _is_prose(words: Sequence[Word]) -> bool:
    """Whether a line is a sentence, where small letters begin most words anyway."""
    letters = [word.text for word in words if word.text[0].isalpha()]
    small = sum(text[0].islower() for text in letters)
    return len(letters) >= 6 and small > 0.5 * len(letters)


def _closed_up(words: Sequence[Word]) -> list[Word] | None:
    """A line of spaced-out letters as words; None where it is none. Wider gaps part its words."""
    if len(words) < _LETTER_SPACED or sum([len(word.text) == 1 for word in words]) < 0.9 * len(words):
        return None
    if not all(word.text.isalpha() for word in words):
        return None
    gaps = [right.box.left - left.box.right for left, right in pairwise(words)]
    usual = sorted(gaps)[len(gaps) // 2]
    if usual <= 0 or usual > 1.2 * words[0].height or min(gaps) < 0.4 * usual:
        return None
    closed = [words[0]]
    for gap, word in zip(gaps, words[1:], strict=True):
        if gap < 1.7 * usual:
            closed[-1] = _one(closed[-1], word)
        else:
            closed.append(word)
    return closed


def _restored(word: Word, known: Collection[str]) -> Word:
    """The word with its lost ligature, where exactly one makes it a known word."""
    if word.text.count(_LOST) != 1:
        return word
    stem, _, rest = word.text.partition(_LOST)
    found = {
        text
        for ligature in _LIGATURES
        if (text := f"{stem}{ligature if stem else ligature.capitalize()}{rest}").strip(".,;:()").casefold() in known
    }
    return msgspec.structs.replace(word, text=found.pop()) if len(found) == 1 else word


def _respelled(word: Word) -> Word:
    parts = [_known_spelling(part) for part in _PARTS.split(word.text)]
    return msgspec.structs.replace(word, text="".join(parts))


def _known_spelling(part: str) -> str:
    """The one known word that a part of a word may be, or the part itself."""
    known = _listed_words()
    spots = [at for at, char in enumerate(part) if at and char in _LOOKS_LIKE]
    if len(part) < _SHORT or part.casefold() in known or not 0 < len(spots) <= _MOST_SPOTS:
        return part
    found = set[str]()
    for chosen in chain(combinations(spots, 1), combinations(spots, 2)):
        spelled = "".join(_LOOKS_LIKE[char] if at in chosen else char for at, char in enumerate(part))
        if spelled.casefold() in known:
            found.add(spelled)
    return found.pop() if len(found) == 1 else part


def _known_words(printed: Iterable[str]) -> frozenset[str]:
    """Words that a lost ligature may be part of: those of the page, of places, and of school lists."""
    return _listed_words() | {text.strip(".,;:()").casefold() for text in printed if _LOST not in text}


@cache
def _listed_words() -> frozenset[str]:
    return _list_words() | place_words()


@cache
def _list_words() -> frozenset[str]:
    known = vocabulary()
    return frozenset(
        {
            *(word for phrase in known.headers for word in phrase),
            *(word for listed in known.plain_phrases.values() for phrase in listed for word in phrase.split()),
        }
    )
