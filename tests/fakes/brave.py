"""The Brave Search API on loopback: keys, limits a second and a month with their headers, and its errors."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

KEY = "brave-test-key"
PATH = "/res/v1/web/search"
_MONTH_SECONDS = 2_592_000
_KNOWN = {"q", "count", "offset", "country", "search_lang", "ui_lang", "safesearch", "freshness", "result_filter"}


class FakeBrave:
    """The service. `find` says which addresses a query finds; `misbehave` lines up statuses for the next requests."""

    def __init__(self, find: Callable[[str], list[str]], *, per_month: int = 1000, second: float = 0.2) -> None:
        self.find = find
        self.per_month = per_month
        self.second = second
        """How long this service's second lasts, so that tests need not wait for a whole one."""
        self.billed = 0
        self.asked: list[str] = []
        """Queries of all requests with the right key."""
        self.too_fast = 0
        self.tokens: list[str] = []
        self._last = float("-inf")
        self._statuses: deque[int] = deque()

    def misbehave(self, *statuses: int) -> None:
        """The next requests are answered with these statuses, one after the other."""
        self._statuses.extend(statuses)

    def answer(self, request: web.Request) -> web.Response:
        """Answers `GET /res/v1/web/search`."""
        token = request.headers.get("X-Subscription-Token", "")
        self.tokens.append(token)
        if token != KEY:
            return _error(422, "SUBSCRIPTION_TOKEN_INVALID", "The provided subscription token is invalid.")
        query = request.query.get("q", "")
        self.asked.append(query)
        if self._statuses:
            return _error(self._statuses.popleft(), "INTERNAL", "Unexpected error")
        unknown = set(request.query) - _KNOWN
        if unknown or not query or len(query) > 400 or len(query.split()) > 50:
            return _error(422, "VALIDATION", f"Unable to validate request parameter(s) {sorted(unknown)}")
        if self.billed >= self.per_month:
            return _error(429, "QUOTA_LIMITED", "Request quota limit exceeded for plan.", self._limits(1))
        now = time.monotonic()
        if now - self._last < self.second:
            self.too_fast += 1
            return _error(429, "RATE_LIMITED", "Request rate limit exceeded for plan.", self._limits(0))
        self._last = now
        self.billed += 1
        return web.Response(
            text=json.dumps(self._found(query)), content_type="application/json", headers=self._limits(0)
        )

    def _found(self, query: str) -> dict[str, Any]:
        results = [
            {"type": "search_result", "subtype": "generic", "title": url, "url": url, "is_source_local": False,
             "is_source_both": False, "language": "en", "family_friendly": True}
            for url in self.find(query)
        ]  # fmt: skip
        found: dict[str, Any] = {"type": "search", "query": {"original": query, "more_results_available": False}}
        if results:
            found["web"] = {"type": "search", "family_friendly": True, "results": results}
        return found

    def _limits(self, left: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": f"1, {self.per_month}",
            "X-RateLimit-Policy": f"1;w=1, {self.per_month};w={_MONTH_SECONDS}",
            "X-RateLimit-Remaining": f"{left}, {self.per_month - self.billed}",
            "X-RateLimit-Reset": f"{self.second:g}, 1419704",
        }


def _error(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"id": "0", "type": "ErrorResponse", "error": {"id": "0", "status": status, "code": code, "detail": detail}}
    return web.Response(status=status, text=json.dumps(body), content_type="application/json", headers=headers)
