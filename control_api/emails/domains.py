"""What DNS says of the mail of a domain. No mail server is asked, and no address is sent anywhere: only its domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from dns.nameserver import Do53Nameserver
from dns.rdtypes.ANY.MX import MX

from storage.email_checks import EmailCheck

_DNS_PORT = 53
_LEAST_SECONDS = 3600
_ABSENT_SECONDS = 24 * 3600
"""What is not there may come; it is asked for again after a day."""


@dataclass(frozen=True, slots=True)
class Server:
    """A name server."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class DomainAnswer:
    """What became of a question, and for how many seconds it is believed."""

    state: EmailCheck
    seconds: int


def server_of(text: str) -> Server:
    """A name server from `address` or `address:port`; IPv6 with a port in brackets.

    Raises:
        ValueError: it is none.
    """
    bare = text.strip()
    address, _, port = bare.rpartition(":") if bare.count(":") == 1 or bare.startswith("[") else (bare, "", "")
    address = (address or bare).strip("[]")
    try:
        return Server(str(ip_address(address)), int(port or _DNS_PORT))
    except ValueError as error:
        raise ValueError(
            f"{bare!r} is no name server: write its IP address, such as 9.9.9.9 or 127.0.0.1:5353"
        ) from error


class DomainDesk:
    """Asks DNS, each question within a bounded time."""

    def __init__(self, servers: Sequence[Server], *, seconds: float, longest_days: int) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = [Do53Nameserver(one.address, one.port) for one in servers]
        self._resolver.lifetime = seconds
        self._longest = longest_days * 24 * 3600

    async def ask(self, domain: str) -> DomainAnswer:
        """Whether mail for a domain (in ASCII) has somewhere to go. Where DNS does not answer, that is unknown."""
        try:
            return await self._mail_of(dns.name.from_text(domain))
        except dns.resolver.NXDOMAIN:
            return DomainAnswer(EmailCheck.NO_DOMAIN, _ABSENT_SECONDS)
        except (dns.exception.DNSException, OSError):
            return DomainAnswer(EmailCheck.UNKNOWN, _LEAST_SECONDS)

    async def _mail_of(self, domain: dns.name.Name) -> DomainAnswer:
        answer = await self._resolver.resolve(domain, "MX", raise_on_no_answer=False)
        servers = [record for record in answer.rrset or () if isinstance(record, MX)]
        if servers and answer.rrset is not None:
            null = all(record.exchange == dns.name.root for record in servers)
            state = EmailCheck.NULL_MX if null else EmailCheck.DELIVERABLE
            return DomainAnswer(state, self._bounded(answer.rrset.ttl))
        for kind in ("A", "AAAA"):
            answer = await self._resolver.resolve(domain, kind, raise_on_no_answer=False)
            if answer.rrset is not None:
                return DomainAnswer(EmailCheck.NO_MX, self._bounded(answer.rrset.ttl))
        return DomainAnswer(EmailCheck.NO_DOMAIN, _ABSENT_SECONDS)

    def _bounded(self, seconds: int) -> int:
        return max(_LEAST_SECONDS, min(seconds, self._longest))
