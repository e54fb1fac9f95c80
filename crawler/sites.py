"""What part of the web is one school's site: an origin and a path prefix, as pure functions over addresses.

Stands between the discovery, which names a site, and the harvest, which stays inside it. A school often shares its
host with the district (`district.org/o/lincoln/`), so a host alone is not a site.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

GUESSED = "guessed_host"
"""Meta key of a request to a host of which nobody has said that it exists."""

_GENERIC_PAGES = frozenset({"home", "index", "default", "main", "welcome", "homepage", "start"})
_LONGEST_URL = 2_000
_DEFAULT_PORTS = {"http": 80, "https": 443}


def start_addresses(website: str) -> list[str]:
    """Returns the addresses under which to try a website as a list or person wrote it, best first.

    Without a scheme plain http comes first: a server that has https redirects to it at once, while a server without
    it would have to fail first. Nothing is returned for what names no host.
    """
    text = re.sub(r"\s+", "", website)
    if not text or "@" in text.partition("/")[0]:
        return []
    scheme = re.match(r"(?i)([a-z][a-z0-9+.-]*):/*", text)
    if scheme is None or re.match(r":\d", text[scheme.end(1) :]):
        found = [clean_url(f"{name}://{text.lstrip('/')}") for name in ("http", "https")]
    elif scheme[1].lower() in {"http", "https"}:
        found = [clean_url(f"{scheme[1].lower()}://{text[scheme.end() :]}")]
    else:
        return []
    return [url for url in found if url is not None]


def clean_url(url: str) -> str | None:
    """Returns a web address in one form (host in lower case, no fragment, no default port), or None if it is none."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or " " in host or parts.username is not None:
        return None
    if "." not in host and ":" not in host and host != "localhost":
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port and port != _DEFAULT_PORTS[parts.scheme]:
        netloc += f":{port}"
    cleaned = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
    return cleaned if len(cleaned) <= _LONGEST_URL else None


def site_of(url: str) -> str:
    """Returns the site that a home page stands for: its address as origin and path prefix, ending in "/".

    A page of the root that says only "home" stands for the whole host; a file name is cut off.
    """
    parts = urlsplit(url)
    segments = [part for part in parts.path.split("/") if part]
    if segments and ("." in segments[-1] or segments[-1].lower() in _GENERIC_PAGES):
        segments.pop()
    path = "/" + "".join(f"{part}/" for part in segments)
    return urlunsplit((parts.scheme, parts.netloc.lower(), path, "", ""))


def site_after(asked: str, final: str) -> str:
    """Returns the site behind an address that was redirected: the final address is the website.

    A host asked for as a whole stays whole when it only shows its home page under another path.
    """
    if same_host(asked, final) and prefix_of(site_of(asked)) is None:
        parts = urlsplit(final)
        return urlunsplit((parts.scheme, parts.netloc.lower(), "/", "", ""))
    return site_of(final)


def prefix_of(site: str) -> str | None:
    """Returns the path prefix of a site, or None where it has its host for itself."""
    path = urlsplit(site).path
    return path if path not in {"", "/"} else None


def same_host(one: str, other: str) -> bool:
    """Whether two addresses have one host, with or without `www.`."""
    return host_name(one) == host_name(other)


def host_name(url: str) -> str:
    """Returns an address's host name without `www.`."""
    return (urlsplit(url).hostname or "").rstrip(".").removeprefix("www.")


def origin_of(url: str) -> str:
    """Returns scheme, host and port of a URL: what one robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def under(url: str, site: str) -> bool:
    """Whether an address lies within a site."""
    if not same_host(url, site):
        return False
    prefix = prefix_of(site)
    return prefix is None or f"{urlsplit(url).path}/".lower().startswith(prefix.lower())


def page_key(url: str) -> str:
    """Returns the form in which two addresses of one page are equal: without scheme, `www.` and last slash."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/") or "/"
    return f"{host_name(url)}:{parts.port or ''}{path}" + (f"?{parts.query}" if parts.query else "")
