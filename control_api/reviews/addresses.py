"""Web addresses as people type them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from control_api.problems import InvalidParameterError


class InvalidAddressError(InvalidParameterError):
    """A text that is no address of a website."""

    code = "INVALID_ADDRESS"


def web_address(typed: str) -> str:
    """An address in one form: with scheme (https where none is typed), host in lower case, a path, no fragment.

    Raises:
        InvalidAddressError: it names no host of the web.
    """
    text = typed.strip()
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    is_host = re.fullmatch(r"[\w-]+(\.[\w-]+)+\.?", host) is not None
    if parts.scheme.lower() not in {"http", "https"} or not is_host or parts.username is not None:
        raise InvalidAddressError(
            f"{typed[:200]!r} is no address of a website. Give one such as https://school.example/."
        )
    netloc = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme.lower(), netloc, parts.path or "/", parts.query, ""))
