"""The workers' look at e-mail addresses: those that are due, each domain asked for once whoever has it.

No crawl waits for it: people are stored at once, and what is found out about their addresses follows. It has no state
of its own, so a worker that is killed repeats some questions and loses nothing.
"""

from __future__ import annotations

import asyncio

from control_api.emails.domains import DomainDesk
from control_api.emails.settings import EmailSettings
from extraction.staff.addresses import is_disposable, is_office_address, plain_address
from storage.database import Database
from storage.email_checks import (
    CheckedAddress,
    EmailCheck,
    addresses_due,
    known_domains,
    organizations,
    store_checks,
    store_domain,
)

ADDRESSES_AT_ONCE = 500
QUESTIONS_AT_ONCE = 8
_INVALID_SECONDS = 365 * 24 * 3600


async def check_addresses(database: Database, settings: EmailSettings) -> int:
    """Looks at some of the addresses that are due, of each organization; returns how many."""
    desk = DomainDesk(settings.servers, seconds=settings.dns_seconds, longest_days=settings.recheck_days)
    checked = 0
    for organization_id in await organizations(database):
        async with database.tenant(organization_id) as connection:
            due = await addresses_due(connection, ADDRESSES_AT_ONCE)
        if not due:
            continue
        domains = {address: _domain(address) for address in due}
        known = await _look_up(database, desk, {domain for domain in domains.values() if domain})
        checks = [_checked(address, known.get(domain or "")) for address, domain in domains.items()]
        async with database.tenant(organization_id) as connection:
            await store_checks(connection, checks)
        checked += len(checks)
    return checked


async def _look_up(database: Database, desk: DomainDesk, domains: set[str]) -> dict[str, tuple[EmailCheck, int]]:
    """State of each domain, and for how many seconds it is believed, from the cache or else from DNS."""
    known = await known_domains(database, domains)
    room = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def ask(domain: str) -> None:
        async with room:
            answer = await desk.ask(domain)
        await store_domain(database, domain, answer.state, answer.seconds)
        known[domain] = (answer.state, answer.seconds)

    await asyncio.gather(*(ask(domain) for domain in sorted(domains - set(known))))
    return known


def _checked(address: str, known: tuple[EmailCheck, int] | None) -> CheckedAddress:
    flags = [name for name, holds in (("role", is_office_address), ("disposable", is_disposable)) if holds(address)]
    return CheckedAddress(address, *(known or (EmailCheck.INVALID, _INVALID_SECONDS)), flags)


def _domain(address: str) -> str | None:
    """The domain of an address in ASCII; None where it is no address."""
    try:
        return plain_address(address).rpartition("@")[2]
    except ValueError:
        return None
