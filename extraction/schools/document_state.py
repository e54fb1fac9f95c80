"""The state a document speaks of. Most lists are one state's and leave it out of their rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from extraction.evidence import Printed
from extraction.places import state_code, states, states_named


class NamedState(msgspec.Struct, frozen=True):
    """A state and the words that name it."""

    code: str
    words: str
    source: str
    """Where it was named: `title`, `metadata`, `argument`."""

    def printed(self) -> Printed:
        """The value for rows that leave their state out."""
        return Printed(self.words, self.code, None, 0.8 if self.source != "argument" else 1.0, self.source)


_OFFICIAL = re.compile(r"(?:state of\s+{name}\b)|(?:\b{name}\s+(?:state\s+)?(?:department|dept|board|office)\b)")
_POSTAL = re.compile(r",\s*([A-Z]{2})\.?\s+\d{5}\b")


def named_state(texts: Iterable[str], source: str) -> NamedState | None:
    """The one state that lines of text name; None where they name none or several with equal right.

    An agency's name ("State of …", "… Department of Education") counts more than a name in running text, and that
    more than the postal address in a letterhead.
    """
    lines = list(texts)
    votes: Counter[str] = Counter()
    words: dict[str, str] = {}
    for line in lines:
        for code, printed in states_named(line):
            votes[code] += 3 if _is_official(line, states()[code].name) else 1
            words.setdefault(code, printed)
    if not votes:
        for line in lines:
            for match in _POSTAL.finditer(line):
                if code := state_code(match[1]):
                    votes[code] += 1
                    words.setdefault(code, match[1])
    ranked = votes.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return NamedState(ranked[0][0], words[ranked[0][0]], source)


def _is_official(line: str, name: str) -> bool:
    pattern = _OFFICIAL.pattern.replace("{name}", re.escape(name.casefold()))
    return re.search(pattern, line.casefold()) is not None
