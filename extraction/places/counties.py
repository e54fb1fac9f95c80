"""County names as documents print them: "St. Louis (City of)", "De Kalb Co.", "ORLEANS PARISH".

`county_name` is what we keep, `county_key` is what two spellings of one county share.
"""

from __future__ import annotations

import re
import unicodedata

_CITY_OF = re.compile(r"^\s*(.+?)\s*\(\s*city(?: of)?\s*\)\s*$", re.IGNORECASE)
_LEADING = re.compile(r"^\s*(?:county|parish|municipality|borough|city and county) of\s+", re.IGNORECASE)
_TRAILING = re.compile(
    r"\s+(?:county|co\.?|parish|city and borough|borough|census area|municipality|municipio|planning region)\s*$",
    re.IGNORECASE,
)
_SAINT = re.compile(r"\b(?:st|saint)\b\.?", re.IGNORECASE)
_SAINTE = re.compile(r"\b(?:ste|sainte)\b\.?", re.IGNORECASE)


def county_name(text: str) -> str:
    """The county's own name, without the word that says what kind of county it is.

    An independent city keeps its "city": Virginia, Maryland and Missouri have a county and a city of one name.
    """
    text = " ".join(text.split())
    if independent := _CITY_OF.match(text):
        return f"{independent[1]} city"
    return _TRAILING.sub("", _LEADING.sub("", text))


def county_key(text: str) -> str:
    """What all spellings of one county share: case, accents, spaces and full stops do not count, St is Saint."""
    plain = unicodedata.normalize("NFKD", county_name(text)).encode("ascii", "ignore").decode()
    plain = _SAINTE.sub("sainte ", _SAINT.sub("saint ", plain))
    return re.sub(r"[\W_]+", "", plain).casefold()
