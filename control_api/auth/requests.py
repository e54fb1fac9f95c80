"""What a request says of where it comes from: its address and id, and whether it comes from a page of our own."""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from litestar.connection import ASGIConnection

from control_api.problems import ApiError
from storage.admission import Rate

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
AnyConnection = ASGIConnection[Any, Any, Any, Any]


class CrossSiteError(ApiError):
    """A request with a cookie that another site's page may have sent."""

    code = "CROSS_SITE"
    status = 403


def client_address(connection: AnyConnection) -> str:
    """The client's address; of IPv6 the network that one customer has, who could change addresses within it at will."""
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(address)


def request_id(scope: MutableMapping[str, Any]) -> str:
    """The request's id, which stands in the answer, the log and the audit log."""
    return scope.setdefault("state", {}).setdefault("request_id", uuid4().hex)


def keep_rate(scope: MutableMapping[str, Any], rate: Rate | None) -> None:
    """Remembers what the answer's headers are to say of the limit."""
    scope.setdefault("state", {})["rate"] = rate


def kept_rate(scope: MutableMapping[str, Any]) -> Rate | None:
    """What came of the limit, if there is one."""
    return scope.get("state", {}).get("rate")


def refuse_other_sites(connection: AnyConnection) -> None:
    """Refuses what the browser says was sent by a page of another site, or says nothing about.

    Raises:
        CrossSiteError: it is not from a page of this server.
    """
    origin, fetched_from = connection.headers.get("origin"), connection.headers.get("sec-fetch-site")
    own_host = connection.headers.get("host", "")
    foreign = (origin is not None and urlsplit(origin).netloc != own_host) or fetched_from not in {None, "same-origin"}
    if foreign or (origin is None and fetched_from is None):
        raise CrossSiteError("A cookie is accepted only from this server's own pages.")
