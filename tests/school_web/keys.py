"""When two ways of writing mean the same school, person or website."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

_SPELLED_OUT = {
    "es": "elementary", "elem": "elementary", "ms": "middle", "hs": "high", "acad": "academy",
    "saint": "st",
}  # fmt: skip
_EMPTY_WORDS = {"school", "sch", "schools", "public", "district", "sd", "city", "the"}
_NAME_NOISE = {"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "edd", "phd", "eds", "med", "ed", "d", "ph", "jr", "sr"}


def school_key(name: str) -> str:
    """A school's or district's name without the words that lists write in different ways."""
    words: list[str] = re.findall(r"[a-z0-9]+", _folded(name).replace("'", ""))
    spelled = [_SPELLED_OUT.get(word, word) for word in words]
    return " ".join(word for word in spelled if word not in _EMPTY_WORDS)


def person_key(name: str) -> str:
    """A person's name without honorific, credentials, initials, accents and order."""
    words: list[str] = re.findall(r"[\w'’-]+", _folded(name).replace(".", ""))
    kept = [re.sub(r"[^a-z]", "", word) for word in words if len(word) > 1 and word not in _NAME_NOISE]
    return " ".join(sorted(kept))


def site_key(url: str) -> tuple[str, str]:
    """Host with port, and path prefix, of an address however it is written; a home page's usual file is nothing."""
    text = url.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    host = parts.netloc.lower().removeprefix("www.").removesuffix(":80")
    path = re.sub(r"/(index|home|default)\.(html?|php|aspx?)$", "/", parts.path, flags=re.IGNORECASE)
    return host, path.rstrip("/")


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).lower()
