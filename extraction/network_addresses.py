"""Which network addresses are public: pure functions that whoever connects to a named host asks before.

An address is public when every reading of it is: an IPv6 address that carries an IPv4 one (mapped, compatible, 6to4,
Teredo, NAT64) is judged by what it carries as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# `is_global` of some Python versions lets these pass; carriers and cloud providers use them internally.
_NEVER_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(text) for text in ("100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "64:ff9b:1::/48", "fec0::/10")
)
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


def refusal(address: Address, allowed: Sequence[Network] = ()) -> str | None:
    """Says why `address` must not be connected to, or None where it may be.

    Args:
        address: What a name resolved to, or a literal of a URL.
        allowed: Networks the operator named; they win over every rule.
    """
    plain = unwrapped(address)
    if any(plain in network for network in allowed if network.version == plain.version):
        return None
    for reading in (plain, *carried(plain)):
        if not _is_public(reading):
            return f"{address} is not a public address"
    return None


def unwrapped(address: Address) -> Address:
    """Returns the IPv4 address of an IPv4-mapped IPv6 address, and any other address without its scope."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        return IPv6Address(int(address))
    return address


def carried(address: Address) -> list[IPv4Address]:
    """Returns the IPv4 addresses that an IPv6 address carries to a gateway."""
    if not isinstance(address, IPv6Address):
        return []
    found: list[IPv4Address] = []
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    if address in _NAT64 or address in _COMPATIBLE:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def literal(host: str) -> Address | None:
    """Reads a host that is an address in its standard form; odd forms such as `127.1` are left to the resolver."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NEVER_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified
