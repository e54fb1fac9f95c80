"""Whom an organization's suppression list names: what of a person, a school or an address is hashed, and compared.

An entry is a kind and a text in a normal form, of which only the HMAC-SHA256 under the organization's salt is kept:

    email   its address in lower case, the host in ASCII (IDNA)
    domain  such a host; it stands for every host below it
    person  the key words of a name, and the school (its identity) or the domain where that name is not wanted
    school  its identity (`storage.schools`), or `nces:` and its NCES id
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import exists, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Organization, School, Suppression
from storage.sightings import key_words


class SuppressionKind(StrEnum):
    """What an entry names."""

    EMAIL = "email"
    """One address: whoever has it."""
    DOMAIN = "domain"
    """All addresses of a domain and of the domains below it: whoever has one."""
    PERSON = "person"
    """A name at one school, or on the pages and addresses of one domain."""
    SCHOOL = "school"
    """Everybody at a school; no crawl visits it."""


_ADDRESS = re.compile(r"[^\s@,;<>()\[\]\"]+@[^\s@,;<>()\[\]\"]+")
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class SuppressionKey:
    """What an entry is the hash of."""

    kind: SuppressionKind
    text: str = field(repr=False)  # no log shows who asked not to be listed

    def hashed(self, salt: bytes) -> bytes:
        """The 32 bytes that are kept of it."""
        return hmac.digest(salt, f"{self.kind}:{self.text}".encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Who:
    """A person as a page of a school shows them, by all that a list may know them by."""

    names: frozenset[str]
    """In key words: as printed, first and last, nickname and last."""
    email: str | None
    url: str
    schools: tuple[str, ...]
    """`school_texts` of the school."""

    @classmethod
    def seen(
        cls,
        name: str,
        *,
        first: str | None,
        last: str | None,
        nickname: str | None,
        email: str | None,
        url: str,
        schools: tuple[str, ...],
    ) -> Who:
        """A person from their printed name and its parts."""
        names = {key_words(name)} | {key_words(f"{called} {last}") for called in (first, nickname) if called and last}
        return cls(frozenset(names), _plain_address(email) if email else None, url, schools)

    def marks(self) -> Iterator[SuppressionKey]:
        """All entries that would name this person, those of the school first."""
        yield from (SuppressionKey(SuppressionKind.SCHOOL, school) for school in self.schools)
        own = _domains(self.email.rpartition("@")[2]) if self.email else ()
        if self.email:
            yield SuppressionKey(SuppressionKind.EMAIL, self.email)
            yield from (SuppressionKey(SuppressionKind.DOMAIN, domain) for domain in own)
        domains = dict.fromkeys((*own, *_domains(urlsplit(self.url).hostname or "")))
        for name in sorted(self.names):
            yield from (_person(name, f"school:{school}") for school in self.schools)
            yield from (_person(name, f"domain:{domain}") for domain in domains)


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody whom an entry names, and that entry."""

    who: Who
    key: SuppressionKey

    def names_to_follow(self) -> list[SuppressionKey]:
        """Of somebody known by an address the name at the school, which its other pages may print alone."""
        if self.key.kind not in {SuppressionKind.EMAIL, SuppressionKind.DOMAIN} or not self.who.schools:
            return []
        return [_person(name, f"school:{self.who.schools[0]}") for name in sorted(self.who.names)]


@dataclass(frozen=True, slots=True)
class SuppressionList:
    """An organization's entries, or those of them that matter to the question at hand."""

    salt: bytes = field(repr=False)
    hashes: frozenset[tuple[str, bytes]] = field(repr=False)
    kinds: frozenset[str]
    """Of the entries; where there is none of a kind, nothing is hashed for it."""

    def find(self, who: Who) -> SuppressionKey | None:
        """The first entry that names this person; None where none does."""
        return next((key for key in who.marks() if key in self), None) if self.hashes else None

    def __contains__(self, key: SuppressionKey) -> bool:
        """Whether this very entry is on the list."""
        return key.kind in self.kinds and (str(key.kind), key.hashed(self.salt)) in self.hashes

    def with_names(self, keys: Iterable[SuppressionKey]) -> SuppressionList:
        """The list with more entries, as it is known to be in the database now or in a moment."""
        more = {(str(key.kind), key.hashed(self.salt)) for key in keys}
        return SuppressionList(self.salt, self.hashes | more, self.kinds | {kind for kind, _ in more})


def email_key(address: str) -> SuppressionKey:
    """The entry of one address.

    Raises:
        ValueError: it is none.
    """
    plain = _plain_address(address.strip())
    if not _ADDRESS.fullmatch(plain) or not _HOST.fullmatch(plain.rpartition("@")[2]):
        raise ValueError(f"{address!r} is no e-mail address.")
    return SuppressionKey(SuppressionKind.EMAIL, plain)


def domain_key(domain: str) -> SuppressionKey:
    """The entry of a domain and all below it; `@` before it and `.` before or behind it are no part of it.

    Raises:
        ValueError: it is none, or a single word such as `org`.
    """
    return SuppressionKey(SuppressionKind.DOMAIN, _known_domain(domain))


def person_at_school_key(name: str, school: str) -> SuppressionKey:
    """The entry of a name at a school (one of its `school_texts`).

    Raises:
        ValueError: the name has no letters.
    """
    return _person(_known_name(name), f"school:{school}")


def person_at_domain_key(name: str, domain: str) -> SuppressionKey:
    """The entry of a name on pages of a domain, and beside addresses of it.

    Raises:
        ValueError: the name has no letters, or the domain is none.
    """
    return _person(_known_name(name), f"domain:{_known_domain(domain)}")


def school_key(school: str) -> SuppressionKey:
    """The entry of a school, by one of its `school_texts`."""
    return SuppressionKey(SuppressionKind.SCHOOL, school)


def nces_text(nces_id: str) -> str:
    """How entries name a school of the official directory."""
    return f"nces:{nces_id}"


async def hold_list(connection: AsyncConnection, organization_id: UUID, *, to_change: bool) -> None:
    """Holds the organization's list as it is until the transaction ends.

    Whoever writes people holds it together with others, whoever changes it alone: so people are either written before
    an entry, which then deletes them, or after it, and then their transaction reads the entry. In a statement of its
    own: the next one's snapshot shows what the previous holder committed.
    """
    together = "" if to_change else "_shared"
    await connection.execute(
        text(f"SELECT pg_advisory_xact_lock{together}(hashtextextended(:key, 0))"),
        {"key": f"title1.suppression.{organization_id}"},
    )


async def load_list(connection: AsyncConnection) -> SuppressionList:
    """All entries of the transaction's organization."""
    rows = (await connection.execute(select(Suppression.kind, Suppression.hash))).all()
    hashes = frozenset((kind, bytes(hashed)) for kind, hashed in rows)
    return SuppressionList(await own_salt(connection), hashes, frozenset(kind for kind, _ in hashes))


async def entries_for(connection: AsyncConnection, people: Iterable[Who], kinds: frozenset[str]) -> SuppressionList:
    """Those entries that name some of these people, of a list with these kinds: cheap also where it is long."""
    salt = await own_salt(connection)
    hashes = {(str(key.kind), key.hashed(salt)) for who in people for key in who.marks() if key.kind in kinds}
    return SuppressionList(salt, await _known(connection, hashes), kinds)


async def kinds_of(connection: AsyncConnection) -> frozenset[str]:
    """The kinds of which the transaction's organization has entries."""
    return frozenset(await connection.scalars(select(Suppression.kind).distinct()))


async def newest_entry(connection: AsyncConnection, organization_id: UUID) -> int:
    """A mark that every entry made from now on exceeds, whoever makes it.

    The list is held alone until the transaction ends: an entry that was being written has then either been counted
    or been given up, and a later one takes its id later.
    """
    await hold_list(connection, organization_id, to_change=True)
    return (await connection.execute(select(func.coalesce(func.max(Suppression.id), 0)))).scalar_one()


async def entries_since(connection: AsyncConnection, mark: int) -> bool:
    """Whether the list has entries that are newer than a mark of `newest_entry`."""
    return bool(await connection.scalar(select(exists().where(Suppression.id > mark))))


async def suppressed_schools(connection: AsyncConnection, school_ids: Iterable[int]) -> set[int]:
    """Those of the schools that the list names."""
    if SuppressionKind.SCHOOL not in await kinds_of(connection):
        return set()
    texts = await school_texts(connection, school_ids)
    salt = await own_salt(connection)
    hashes = {
        school_id: {(str(SuppressionKind.SCHOOL), school_key(one).hashed(salt)) for one in own}
        for school_id, own in texts.items()
    }
    known = await _known(connection, set[tuple[str, bytes]]().union(*hashes.values()))
    return {school_id for school_id, own in hashes.items() if own & known}


async def school_texts(connection: AsyncConnection, school_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The texts by which entries may name each school: its identity, and its NCES id where it has one."""
    query = select(School.id, School.identity, School.nces_id).where(School.id.in_(set(school_ids)))
    return {
        school_id: tuple(dict.fromkeys((identity, *([nces_text(nces_id)] if nces_id else ()))))
        for school_id, identity, nces_id in await connection.execute(query)
    }


async def own_salt(connection: AsyncConnection) -> bytes:
    """The key of the hashes of the transaction's organization."""
    # Row-level security shows a tenant its own organization only.
    return bytes((await connection.execute(select(Organization.suppression_salt))).scalar_one())


_AT_ONCE = 5_000
"""Hashes of one question; PostgreSQL takes 65,535 parameters, two a hash."""


async def _known(connection: AsyncConnection, hashes: set[tuple[str, bytes]]) -> frozenset[tuple[str, bytes]]:
    asked, known = sorted(hashes), set[tuple[str, bytes]]()
    for place in range(0, len(asked), _AT_ONCE):
        some = tuple_(Suppression.kind, Suppression.hash).in_(asked[place : place + _AT_ONCE])
        rows = await connection.execute(select(Suppression.kind, Suppression.hash).where(some))
        known |= {(kind, bytes(hashed)) for kind, hashed in rows}
    return frozenset(known)


def _person(name: str, where: str) -> SuppressionKey:
    return SuppressionKey(SuppressionKind.PERSON, f"{name}|{where}")


def _known_name(name: str) -> str:
    if not re.search(r"[^\W\d_]", words := key_words(name)):
        raise ValueError(f"{name!r} is no name.")
    return words


def _known_domain(domain: str) -> str:
    plain = _plain_host(domain.strip().removeprefix("@").strip("."))
    if not _HOST.fullmatch(plain):
        raise ValueError(f"{domain!r} is no domain such as district.example.org.")
    return plain


def _domains(host: str) -> tuple[str, ...]:
    """A host and the domains above it, but for the last label: one word is nobody's domain."""
    labels = _plain_host(host).split(".")
    return tuple(".".join(labels[place:]) for place in range(len(labels) - 1))


def _plain_address(address: str) -> str:
    local, at, host = address.rpartition("@")
    return f"{local.lower()}{at}{_plain_host(host)}"


def _plain_host(host: str) -> str:
    plain = host.rstrip(".").lower()
    try:
        return plain if plain.isascii() else plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain
