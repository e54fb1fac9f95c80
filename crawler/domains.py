"""Whose a host is: its registrable domain by the public suffix list, and the vendors that have several.

The list is the one that comes with its package; nothing is looked up on the network.
"""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib.resources import files

import tldextract

from crawler.host_lists import entry_of

_MOST_KEPT = 50_000


@cache
def registered(host: str) -> tuple[str, str]:
    """Returns the registered name of a host without and with its public suffix."""
    found = _suffixes()(host)
    return found.domain, found.top_domain_under_public_suffix


@lru_cache(_MOST_KEPT)
def pace_domain(host: str) -> str:
    """Returns what shares one pace with a host: its vendor's first domain, or its registrable domain, or itself.

    Domains of a state's schools are suffixes (`k12.al.us`), so that its districts are told apart; customers of a cloud
    that the list tells apart (`*.cloudfront.net`) are, too, unless the cloud is a vendor of school sites.
    """
    entry = entry_of(host, _vendors())
    if entry is not None:
        return _vendors()[entry]
    found = _suffixes()(host, include_psl_private_domains=True)
    if found.suffix or found.ipv4 or found.ipv6:
        return found.top_domain_under_public_suffix or host
    # An ending that the list does not know is a suffix of one label, by the list's own rule.
    return ".".join(host.split(".")[-2:])


@cache
def _suffixes() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


@cache
def _vendors() -> dict[str, str]:
    table = tomllib.loads(files("crawler").joinpath("vendor_domains.toml").read_text("utf-8"))
    return {domain: domains[0] for domains in table["vendors"] for domain in domains}
