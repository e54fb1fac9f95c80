"""US telephone numbers and extensions in the text of a page."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec
import phonenumbers

_CANDIDATE = re.compile(
    r"(?<![\w.@/-])(?:\+?1[\s.-]?)?(?:\(\d{3}\)[\s.-]*|\d{3}[\s.-]{1,3})\d{3}[\s.-]{1,3}\d{4}(?!\d)"
    r"|(?<![\w.@/-])\+?1?\d{10}(?![\w@])"
)
_LOCAL = re.compile(r"(?<![\w.@/#$-])(?<!\d )\d{3}[-.‐‑–]\d{4}(?![\w-]|\.\d)")
_DIGIT = re.compile(r"\d")
_EXTENSION_AFTER = re.compile(
    r"\s*[,;]?\s*\(?\s*(?:(?:extension|extn|ext|x)[\s.:#-]*|#\s*)(\d{1,6})\b\)?", re.IGNORECASE
)
_EXTENSION = re.compile(r"(?<!\w)(?:extensions?|extn|exts?|x)[\s.:#-]*(\d{2,6})(?!\w)", re.IGNORECASE)


class FoundPhone(msgspec.Struct, frozen=True):
    """A number in a text. `e164` is None where no area code is printed, or only an extension."""

    printed: str
    e164: str | None
    extension: str | None
    start: int
    end: int

    @property
    def is_only_extension(self) -> bool:
        """Whether no number is printed before the extension."""
        return self.e164 is None and _EXTENSION.match(self.printed) is not None


def find_phones(text: str) -> list[FoundPhone]:
    """Every telephone number of the text with its extension; lone extensions where the text has no number.

    A number without area code is found where none of the text has one; whose area it is in cannot be told.
    """
    if not _DIGIT.search(text):
        return []
    found = [
        _with_extension(text, match, e164)
        for match in _CANDIDATE.finditer(text)
        if (e164 := _e164(match[0])) is not None
    ]
    if not found:
        found = [_with_extension(text, match, None) for match in _LOCAL.finditer(text)]
    if not found:
        found = [FoundPhone(m[0].strip(), None, m[1], m.start(), m.end()) for m in _EXTENSION.finditer(text)]
    return found


def _with_extension(text: str, match: re.Match[str], e164: str | None) -> FoundPhone:
    after = _EXTENSION_AFTER.match(text, match.end())
    end = after.end() if after else match.end()
    return FoundPhone(text[match.start() : end].strip(), e164, after[1] if after else None, match.start(), end)


# A block's numbers are looked for by several readers, and the school's own stands beside many people.
@lru_cache(maxsize=4096)
def _e164(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return None
    # "Possible" and not "valid": directories print 555 numbers and fresh area codes.
    if not phonenumbers.is_possible_number(number) or number.country_code != 1:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
