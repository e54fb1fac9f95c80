"""Finding in a block the words that a model says it holds.

Compared are letters and digits without case; what is kept is what the page prints there. Only the block's own lines are
searched: a value that stands in another block is not found, so that nothing can be swapped between two people.
"""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from extraction.staff.spacing import squeeze

_WORD = re.compile(r"\w+")
_WIDEST_GAP = 4
"""Characters between two words of one value, such as " - "."""
_MOST_LINES = 3
"""Adjacent lines that one value may stand on."""


class _Word(msgspec.Struct, frozen=True):
    folded: str
    line: int
    start: int
    end: int


class BlockWords:
    """The words of a block, ready for being searched."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self._lines = lines
        self._words = [
            _Word(found[0].casefold(), number, found.start(), found.end())
            for number, line in enumerate(lines)
            for found in _WORD.finditer(line)
        ]
        self._on_line = [sum(word.line == number for word in self._words) for number in range(len(lines))]

    def find(self, value: str) -> str | None:
        """The value as the block prints it, its words in their order and close together; None where it does not."""
        wanted = [found[0].casefold() for found in _WORD.finditer(value)]
        for words in self._runs(len(wanted)):
            if [word.folded for word in words] == wanted and self._is_close(words):
                return self._text(words, value)
        return None

    def find_name(self, name: str) -> str | None:
        """A name as the block prints it: on one line, whichever part comes first, or as the whole of adjacent lines."""
        wanted = sorted(found[0].casefold() for found in _WORD.finditer(name))
        for words in self._runs(len(wanted)):
            if sorted(word.folded for word in words) != wanted or not self._is_close(words):
                continue
            lines = {word.line for word in words}
            if len(lines) == 1 or sum(self._on_line[line] for line in lines) == len(words):
                return self._text(words, name)
        return None

    def _runs(self, length: int) -> list[list[_Word]]:
        if not length:
            return []
        return [self._words[at : at + length] for at in range(len(self._words) - length + 1)]

    def _is_close(self, words: list[_Word]) -> bool:
        near = all(after.line != word.line or after.start - word.end <= _WIDEST_GAP for word, after in pairwise(words))
        return near and words[-1].line - words[0].line < _MOST_LINES

    def _text(self, words: list[_Word], value: str) -> str:
        first, last = words[0], words[-1]
        start, end = first.start, last.end
        # "P.E." ends and "(Art)" begins with what is no letter: kept where the value has it too.
        value = value.strip()
        line = self._lines[last.line]
        if end < len(line) and line[end] == value[-1] and not value[-1].isalnum():
            end += 1
        if start > 0 and self._lines[first.line][start - 1] == value[0] and not value[0].isalnum():
            start -= 1
        if first.line == last.line:
            return squeeze(line[start:end])
        between = self._lines[first.line + 1 : last.line]
        return squeeze(" ".join((self._lines[first.line][start:], *between, line[:end])))
