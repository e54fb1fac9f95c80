"""A Wikidata query service on loopback, as far as the product asks it: websites of items by label and state.

It reads the query with a grammar of its own and answers only what it understands, as the real one answers 400 to the
rest; a client that does not say who it is gets 403.
"""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass

from aiohttp import web

_LITERAL = r'"(?:[^"\\\n\r]|\\[tbnrf"\'\\])*"'
_QUERY = re.compile(
    r"SELECT DISTINCT \?item \?site WHERE \{ VALUES \?label \{ (?P<labels>(?:" + _LITERAL + r"@en ?)+) \} "
    r"\?item rdfs:label \?label ; wdt:P856 \?site ; wdt:P131\+/wdt:P300 (?P<state>" + _LITERAL + r") \. \} "
    r"LIMIT (?P<limit>\d+)"
)
_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Item:
    """An item with an official website."""

    label: str
    state: str
    """As "US-AL"."""
    site: str


class FakeWikidata:
    """The service. `misbehave` lines up answers (status, body) for the next requests."""

    def __init__(self, *items: Item) -> None:
        self.items = items
        self.queries: list[str] = []
        self._answers: deque[tuple[int, str]] = deque()

    def misbehave(self, *answers: tuple[int, str]) -> None:
        """The next requests are answered so, one after the other."""
        self._answers.extend(answers)

    def answer(self, request: web.Request) -> web.Response:
        """Answers `GET /sparql`."""
        if not request.headers.get("User-Agent", "").strip() or "(+" not in request.headers["User-Agent"]:
            return web.Response(status=403, text="Please set a user-agent with a contact")
        query = request.query.get("query", "")
        self.queries.append(query)
        if self._answers:
            status, body = self._answers.popleft()
            return web.Response(status=status, text=body, content_type="application/sparql-results+json")
        found = _QUERY.fullmatch(query)
        if found is None:
            return web.Response(status=400, text="SPARQL-QUERY: queryStr=" + query)
        if "json" not in request.query.get("format", "") + request.headers.get("Accept", ""):
            return web.Response(text="<sparql/>", content_type="application/sparql-results+xml")
        labels = {read_literal(text) for text in re.findall(_LITERAL, found["labels"])}
        state = read_literal(found["state"])
        bindings = [
            {
                "item": {"type": "uri", "value": f"http://www.wikidata.org/entity/Q{number}"},
                "site": {"type": "uri", "value": item.site},
            }
            for number, item in enumerate(self.items, 1)
            if item.label in labels and item.state == state
        ][: int(found["limit"])]
        body = {"head": {"vars": ["item", "site"]}, "results": {"bindings": bindings}}
        return web.Response(text=json.dumps(body), content_type="application/sparql-results+json")


def read_literal(text: str) -> str:
    """Reads a SPARQL string literal.

    Raises:
        ValueError: It is none.
    """
    if re.fullmatch(_LITERAL, text) is None:
        message = f"not a literal: {text!r}"
        raise ValueError(message)
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])
