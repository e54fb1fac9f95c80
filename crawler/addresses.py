"""Names of hosts and the addresses that a table in hosts(5) format gives them."""

from __future__ import annotations

from collections.abc import Iterable

from extraction.network_addresses import Address, literal


def read_hosts(lines: Iterable[str]) -> dict[str, tuple[Address, ...]]:
    """Reads a table in hosts(5) format: an address, then the names it has; `#` begins a comment."""
    table: dict[str, tuple[Address, ...]] = {}
    for line in lines:
        words = line.partition("#")[0].split()
        if len(words) < 2:
            continue
        address = literal(words[0])
        if address is None:
            continue
        for name in words[1:]:
            key = host_key(name)
            table[key] = (*table.get(key, ()), address)
    return table


def host_key(host: str) -> str:
    """Returns the form in which a host name is compared: lower case, without the root's dot."""
    return host.rstrip(".").lower()
