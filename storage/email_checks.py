"""What is known of e-mail addresses beyond the page that prints them: their syntax, and what DNS says of domains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.models import MailDomain, Organization, StaffMember
from storage.queries import statement


class EmailCheck(StrEnum):
    """What became of an address's check. No mail server is asked: none says that a mailbox exists."""

    DELIVERABLE = "deliverable"
    """Its domain names servers that take its mail (MX)."""
    NO_MX = "no_mx"
    """Its domain names none, but has an address itself, to which mail may go."""
    NULL_MX = "null_mx"
    """Its domain says that it takes no mail (RFC 7505)."""
    NO_DOMAIN = "no_domain"
    """There is no such domain, or it has neither mail servers nor an address."""
    INVALID = "invalid"
    """It is no e-mail address."""
    UNKNOWN = "unknown"
    """DNS gave no answer; it is asked again soon."""


@dataclass(frozen=True, slots=True)
class CheckedAddress:
    """What was found out about an address, and for how many seconds it is believed."""

    address: str
    state: EmailCheck
    seconds: int
    flags: list[str]


async def organizations(database: Database) -> list[UUID]:
    """All organizations, whose addresses are looked at in turn."""
    async with database.system() as connection:
        return list(await connection.scalars(select(Organization.id).order_by(Organization.id)))


async def addresses_due(connection: AsyncConnection, most: int) -> list[str]:
    """Addresses of the tenant that were not looked at yet, or long ago; those that wait longest first, each once."""
    due = func.coalesce(StaffMember.email_check_due, literal_column("'-infinity'::timestamptz"))
    query = (
        select(StaffMember.email)
        .where(StaffMember.email.is_not(None), due < func.now())
        .order_by(due, StaffMember.id)
        .limit(most)
    )
    return list(dict.fromkeys(address for address in await connection.scalars(query) if address))


async def store_checks(connection: AsyncConnection, checks: Iterable[CheckedAddress]) -> None:
    """Stores what was found out with everybody of the tenant who has the address and was due."""
    rows = msgspec.json.encode(list(checks)).decode()
    await connection.execute(statement("store_email_checks"), {"rows": rows})


async def known_domains(database: Database, domains: Iterable[str]) -> dict[str, tuple[EmailCheck, int]]:
    """What is known of domains and still believed, each with the seconds that are left."""
    left = func.ceil(func.extract("epoch", MailDomain.good_until - func.now()))
    query = select(MailDomain.domain, MailDomain.state, left).where(
        MailDomain.domain.in_(list(domains)), MailDomain.good_until > func.now()
    )
    async with database.system() as connection:
        rows = (await connection.execute(query)).all()
    return {domain: (EmailCheck(state), int(seconds)) for domain, state, seconds in rows}


async def store_domain(database: Database, domain: str, state: EmailCheck, seconds: int) -> None:
    """Keeps what DNS said of a domain, for so many seconds."""
    said = {
        "state": state,
        "checked_at": func.now(),
        "good_until": func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
    }
    adding = insert(MailDomain).values(domain=domain, **said)
    async with database.system() as connection:
        await connection.execute(adding.on_conflict_do_update(index_elements=["domain"], set_=said))
