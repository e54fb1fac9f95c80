"""The suppression list between HTTP and `storage.suppression_list`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.problems import ApiError
from control_api.suppressions.schemas import (
    Entry,
    NewSuppressions,
    SuppressDomain,
    SuppressedView,
    SuppressEmail,
    SuppressionView,
    SuppressPerson,
    SuppressSchool,
)
from extraction.staff.names import parse_name
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.errors import NotFoundError
from storage.suppression import (
    SuppressionKey,
    SuppressionKind,
    domain_key,
    email_key,
    nces_text,
    person_at_domain_key,
    person_at_school_key,
    school_key,
    school_texts,
)
from storage.suppression_list import NewEntry, add_entries, find_entries, get_entries, remove_entry


class InvalidSuppressionError(ApiError):
    """An entry that names nobody; the message says which one and why."""

    code = "INVALID_SUPPRESSION"
    status = 422


@dataclass(frozen=True, slots=True)
class SuppressionService:
    """What an account may do with its organization's suppression list."""

    database: Database
    account: Account

    async def page(self, *, kind: SuppressionKind | None, after: int | None, most: int) -> list[SuppressionView]:
        """Entries, the newest first, behind the id `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return [_view(row) for row in await find_entries(connection, kind=kind, after=after, most=most)]

    async def add(self, wanted: NewSuppressions) -> SuppressedView:
        """Adds entries and deletes whom they name, in one transaction.

        Raises:
            InvalidSuppressionError: one of them names nobody.
            NotFoundError: there is no such school in this organization.
        """
        organization_id = self.account.organization_id
        async with self.database.tenant(organization_id) as connection:
            schools = await _identities(connection, wanted.entries)
            entries = [
                NewEntry(_key(entry, number, schools), entry.reason, entry.note)
                for number, entry in enumerate(wanted.entries)
            ]
            added = await add_entries(connection, organization_id, self.account.user_id, entries)
            rows = await get_entries(connection, added.ids)
            if added.new:
                detail = {"added": len(added.new), "posts_deleted": added.posts}
                about = ("suppression", min(added.new)) if len(added.new) == 1 else None
                await record(connection, Act.SUPPRESS, self.account, about=about, detail=detail)
        return SuppressedView(
            entries=[_view(rows[entry_id]) for entry_id in added.ids],
            added=len(added.new),
            posts_deleted=added.posts,
        )

    async def remove(self, entry_id: int) -> None:
        """Takes an entry off the list.

        Raises:
            NotFoundError: there is no such entry in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            await remove_entry(connection, self.account.organization_id, entry_id)
            await record(connection, Act.SUPPRESSION_REMOVE, self.account, about=("suppression", entry_id))


async def _identities(connection: AsyncConnection, entries: list[Entry]) -> dict[int, str]:
    wanted = {school_id for entry in entries if (school_id := getattr(entry, "school_id", None)) is not None}
    texts = await school_texts(connection, wanted)
    if unknown := sorted(wanted - set(texts)):
        raise NotFoundError(f"There is no school {', '.join(map(str, unknown[:10]))}.")
    return {school_id: identity for school_id, (identity, *_) in texts.items()}


def _key(entry: Entry, number: int, schools: dict[int, str]) -> SuppressionKey:
    try:
        match entry:
            case SuppressEmail():
                return email_key(entry.email)
            case SuppressDomain():
                return domain_key(entry.domain)
            case SuppressSchool():
                return _place(entry, schools, at_school=school_key)
            case SuppressPerson():
                name = _spoken(entry.name)
                return _place(
                    entry,
                    schools,
                    at_school=lambda school: person_at_school_key(name, school),
                    at_domain=lambda domain: person_at_domain_key(name, domain),
                )
    except ValueError as error:
        raise InvalidSuppressionError(f"/entries/{number}: {error} Nothing was added.") from error


def _place(
    entry: SuppressSchool | SuppressPerson,
    schools: dict[int, str],
    *,
    at_school: Callable[[str], SuppressionKey],
    at_domain: Callable[[str], SuppressionKey] | None = None,
) -> SuppressionKey:
    """The key of the one place that an entry names.

    Raises:
        ValueError: it names none, or several.
    """
    named = [name for name in ("school_id", "nces_id", "domain") if getattr(entry, name, None) is not None]
    if len(named) != 1:
        known = "school_id, nces_id or domain" if at_domain else "school_id or nces_id"
        raise ValueError(f"Name one of {known}.")
    if at_domain and isinstance(entry, SuppressPerson) and entry.domain is not None:
        return at_domain(entry.domain)
    return at_school(schools[entry.school_id] if entry.school_id is not None else nces_text(entry.nces_id or ""))


def _spoken(name: str) -> str:
    """First and last name as a page's people have them ("Dr. Brannock, Odile M."), or the name as it was typed."""
    read = parse_name(name)
    return f"{read.first} {read.last}" if read and read.first and read.last else name


def _view(row: Any) -> SuppressionView:
    return msgspec.convert(row, SuppressionView, from_attributes=True)
