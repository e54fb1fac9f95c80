"""What happens to every answer on its way out: headers are added, and one line is logged.

Both are hooks on sending, because only those also see the answers to requests that no route took.
"""

from __future__ import annotations

import logging
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from control_api.auth.requests import kept_rate, request_id
from storage.admission import WINDOW_SECONDS

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


async def add_allow(message: Message, scope: Scope) -> None:
    """Names all methods of an address where they are asked for.

    The framework's own answer knows only those of the last handler that was registered for the address.
    """
    if message["type"] == "http.response.start" and scope_method(scope) == "OPTIONS" and message["status"] == 204:
        template = scope["path_template"]
        methods = {
            name for route in scope["litestar_app"].routes if route.path_format == template for name in route.methods
        }
        MutableScopeHeaders.from_message(message)["Allow"] = ", ".join(sorted(methods))


async def add_request_headers(message: Message, scope: Scope) -> None:
    """Adds the request's id, and what is left of the limit that it was taken from."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        headers["X-Request-ID"] = request_id(_mapping(scope))
        if rate := kept_rate(_mapping(scope)):
            headers["RateLimit-Policy"] = f'"default";q={rate.limit};w={WINDOW_SECONDS}'
            headers["RateLimit"] = f'"default";r={rate.remaining};t={rate.reset_seconds}'


async def log_access(message: Message, scope: Scope) -> None:
    """Logs a line an answer: method, path, status, who. Never the query or a header, which may hold what is secret."""
    if message["type"] == "http.response.start":
        user = getattr(scope.get("user"), "user_name", "-")
        path, number = _printable(scope["path"]), request_id(_mapping(scope))
        access_logger.info("%s %s %s %s %s", scope_method(scope), path, message["status"], user, number)


def scope_method(scope: Any) -> str:
    """The request's method."""
    return str(scope.get("method", "-"))


def _mapping(scope: Scope) -> Any:
    return scope


def _printable(path: str) -> str:
    return path.encode("unicode_escape").decode()[:300]
