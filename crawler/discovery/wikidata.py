"""Wikidata as a provider: the official website (P856) of items that bear the school's name and lie in its state.

Free, and thin: few schools have an item. It is asked only where the operator names a SPARQL service. Items are found
by their English label and the ISO 3166-2 code (P300) of a place above them (P131), so no identifier is relied upon.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from typing_extensions import override

from crawler.discovery.providers import Answer, Candidate, Provider, TryLater
from crawler.discovery.school_names import SchoolName
from crawler.targets import SchoolTarget
from extraction.places.states import state_code

_RANK = 0.55
_MOST_SITES = 5


class WikidataProvider(Provider):
    """Asks one SPARQL service."""

    name = "wikidata"

    def __init__(self, url: str) -> None:
        self._url = url

    @override
    def questions(self, school: SchoolTarget) -> list[str]:
        state = state_code(school.state) if school.state else None
        if not school.name.strip() or state is None:
            return []
        return [f"{self._url}?{urlencode({'query': site_query(_labels(school.name), state), 'format': 'json'})}"]

    @override
    def read(self, answer: Answer) -> list[Candidate] | TryLater:
        if answer.status != 200:
            passing = answer.status == 429 or answer.status >= 500
            return TryLater(f"Wikidata answered {answer.status}", again=passing, closed=not passing)
        try:
            rows: list[dict[str, Any]] = msgspec.json.decode(answer.body)["results"]["bindings"]
            sites = [row["site"]["value"] for row in rows if row["site"]["type"] == "uri"]
        except (msgspec.MsgspecError, KeyError, TypeError):
            # An answer that took too long is cut off in its middle, with status 200.
            return TryLater("Wikidata's answer is incomplete")
        return [
            Candidate(site, self.name, _RANK - 0.01 * place)
            for place, site in enumerate(dict.fromkeys(sites))
            if isinstance(site, str)
        ][:_MOST_SITES]

    @override
    def unreachable(self) -> str:
        return "the SPARQL service at TITLE1_WIKIDATA_URL cannot be reached"


def site_query(labels: list[str], state: str) -> str:
    """Returns the SPARQL query for the websites of items with one of the labels in a state of the United States."""
    values = " ".join(f"{quoted(label)}@en" for label in labels)
    return (
        f"SELECT DISTINCT ?item ?site WHERE {{ VALUES ?label {{ {values} }} ?item rdfs:label ?label ; wdt:P856 ?site ; "
        f"wdt:P131+/wdt:P300 {quoted(f'US-{state}')} . }} LIMIT {_MOST_SITES * 2}"
    )


def quoted(text: str) -> str:
    """Returns a text as a SPARQL literal: nothing in it can end the literal."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


def _labels(name: str) -> list[str]:
    """Returns the forms in which an encyclopedia may write a name: as printed, and without abbreviations."""
    long = SchoolName(name).words
    printed = " ".join(name.split())
    spelled = " ".join(word.capitalize() for word in long)
    forms = [printed, spelled, *([f"{spelled} School"] if "school" not in long and "academy" not in long else [])]
    return list(dict.fromkeys(forms))
