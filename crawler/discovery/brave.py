"""The Brave Search API as a provider: an index of its own, paid by the search.

Every answer says in its headers how many searches are left in this second and in this month. The first is kept by a
pause, the second ends the provider for the crawl: what it was not asked is to be tried later. Only answered searches
are billed; a 429 is not.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from typing_extensions import override

from crawler.discovery.providers import Answer, Candidate, Provider, TryLater
from crawler.discovery.searxng import queries, ranked
from crawler.targets import SchoolTarget

_LONGEST_QUERY = 400
_MOST_WORDS = 50
_LONG_WINDOW_SECONDS = 60.0
"""A limit that lasts longer than this is a budget; a shorter one is a pace."""


class BraveProvider(Provider):
    """Searches the web at Brave."""

    name = "brave"

    def __init__(self, url: str, most_questions: int) -> None:
        self._url = url
        self.most_questions = most_questions

    @override
    def questions(self, school: SchoolTarget) -> list[str]:
        short = [" ".join(query.split()[:_MOST_WORDS]) for query in queries(school, longest=_LONGEST_QUERY)]
        return [f"{self._url}?{urlencode(_options(query))}" for query in short]

    @override
    def read(self, answer: Answer) -> list[Candidate] | TryLater:
        content = _decoded(answer.body) or {}
        if answer.status != 200:
            return _refusal(answer, content.get("error"))
        if content.get("type") != "search":
            return TryLater("the Brave Search API did not answer with a search")
        web = content.get("web")
        return ranked(web.get("results") if isinstance(web, dict) else None, self.name)

    @override
    def pause_after(self, answer: Answer) -> float:
        return _exhausted(answer, budgets=False) or 0.0

    @override
    def unreachable(self) -> str:
        return "the Brave Search API cannot be reached"


def _refusal(answer: Answer, error: Any) -> TryLater:
    """Says what an answer without a search means: a wrong key, a limit, or a passing fault."""
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    said = f"the Brave Search API answered {answer.status}" + (f" ({code})" if code else "")
    if answer.status in {401, 403} or (answer.status == 422 and "TOKEN" in code):
        return TryLater(f"{said}: check TITLE1_BRAVE_KEY", closed=True)
    if answer.status == 422:
        return TryLater(f"{said}: the search was not understood", again=False)
    if answer.status != 429:
        return TryLater(said, closed=answer.status < 500)
    if _exhausted(answer, budgets=True) is not None:
        return TryLater(f"{said}: the searches of this month are used up", closed=True)
    return TryLater(said, seconds=_exhausted(answer, budgets=False))


def _options(query: str) -> dict[str, str]:
    return {
        "q": query,
        "count": "10",
        "country": "US",
        "search_lang": "en",
        "safesearch": "moderate",
        "result_filter": "web",
    }


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None


def _exhausted(answer: Answer, *, budgets: bool) -> float | None:
    """Returns the seconds until a limit of which nothing is left begins anew: of the paces, or of the budgets."""
    left, until, windows = (
        _numbers(answer.headers.get(f"x-ratelimit-{name}", "")) for name in ("remaining", "reset", "policy")
    )
    waits = [
        seconds
        for place, seconds in enumerate(until)
        if place < len(left)
        and left[place] <= 0
        # Without its policy a window is as long as it still lasts.
        and ((windows[place] if place < len(windows) else seconds) > _LONG_WINDOW_SECONDS) is budgets
    ]
    return max(waits, default=None)


def _numbers(header: str) -> list[float]:
    """Reads `1, 15000`, and of a policy such as `1;w=1, 15000;w=2592000` the lengths of its windows."""
    texts = [part.rpartition("w=")[2] if "w=" in part else part for part in header.split(",")]
    try:
        return [float(text) for text in texts if text.strip()]
    except ValueError:
        return []
