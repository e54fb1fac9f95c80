"""What happens to every answer on its way out: security headers are added, and one line is logged.

Both are hooks on sending, because only those also see the answers to requests that no route took.
"""

from __future__ import annotations

import logging
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

access_logger = logging.getLogger("title1.access")

SECURITY_HEADERS = {
    # No inline scripts or styles, nothing from elsewhere, in no frame: harvested text that slipped into the page
    # as markup could neither run nor fetch.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def add_security_headers(message: Message, scope: Scope) -> None:
    """Adds the headers that every answer has; the API's own are not kept by any cache."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in SECURITY_HEADERS.items():
            headers[name] = value
        if scope["path"].startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")


async def log_access(message: Message, scope: Scope) -> None:
    """Logs a line an answer: method, path, status, who. Never the query or a header, which may hold what is secret."""
    if message["type"] == "http.response.start":
        user = getattr(scope.get("user"), "user_name", "-")
        access_logger.info("%s %s %s %s", scope_method(scope), _printable(scope["path"]), message["status"], user)


def scope_method(scope: Any) -> str:
    """The request's method."""
    return str(scope.get("method", "-"))


def _printable(path: str) -> str:
    return path.encode("unicode_escape").decode()[:300]
