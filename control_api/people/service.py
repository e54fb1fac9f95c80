"""People put right, deleted and merged, between HTTP and storage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from control_api.people.schemas import ChangeView, Corrections, DuplicateView, LookalikeView, TombstoneView
from control_api.problems import ApiError
from extraction.staff.addresses import is_office_address, plain_address
from extraction.staff.names import parse_name
from extraction.staff.phones import find_phones
from extraction.staff.roles import role_keys
from storage.accounts import Account
from storage.audit import Act, record
from storage.changes import ChangeFilter, ChangeKey, find_changes
from storage.corrections import COLUMNS, Corrector, NewCorrection, correct, take_back
from storage.database import Database
from storage.merging import PairKey, find_duplicates, merge_people
from storage.search import AnyRow, get_staff
from storage.tombstones import Burial, bury, find_tombstones

_UNKNOWN = "unknown"


class InvalidCorrectionError(ApiError):
    """A correction that says nothing, or whose value is none; the message names the field."""

    code = "INVALID_CORRECTION"
    status = 422


@dataclass(frozen=True, slots=True)
class PeopleService:
    """What an account may do to the people of its organization."""

    database: Database
    account: Account

    async def correct(self, staff_id: int, wanted: Corrections) -> None:
        """Puts values in the place of those seen.

        Raises:
            InvalidCorrectionError: no field is named, or a value is none of its field.
            NotFoundError: there is no such person in this organization.
        """
        corrections = [_correction(field, value) for field, value in _given(wanted).items()]
        if not corrections or not (reason := wanted.reason.strip()):
            raise InvalidCorrectionError(f"Name a reason and one field at least: {', '.join(COLUMNS)}.")
        async with self.database.tenant(self.account.organization_id) as connection:
            changed = await correct(connection, self._corrector, staff_id, corrections, reason)
            detail = {"fields": [one.field for one in corrections], "changed": changed}
            await record(connection, Act.PERSON_CORRECT, self.account, about=("person", staff_id), detail=detail)

    async def take_back(self, staff_id: int, field: str) -> None:
        """Lets what was seen stand again.

        Raises:
            NotFoundError: there is no such person, or no such correction.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            await take_back(connection, self._corrector, staff_id, field)
            detail = {"taken_back": [field]}
            await record(connection, Act.PERSON_CORRECT, self.account, about=("person", staff_id), detail=detail)

    async def delete(self, staff_id: int, reason: str, note: str | None) -> None:
        """Deletes a person for good; who was deleted already stays so.

        Raises:
            NotFoundError: there is no such person in this organization, and there was none.
        """
        wanted = Burial(staff_id, reason, note, is_office_address)
        async with self.database.tenant(self.account.organization_id) as connection:
            if await bury(connection, self.account.organization_id, self.account.user_id, wanted):
                about, detail = ("person", staff_id), {"reason": reason}
                await record(connection, Act.PERSON_DELETE, self.account, about=about, detail=detail)

    async def tombstones(self, *, after: int | None, most: int) -> list[TombstoneView]:
        """Tombstones, the newest first, behind the id `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            rows = await find_tombstones(connection, after=after, most=most)
        return [msgspec.convert(row, TombstoneView, from_attributes=True) for row in rows]

    async def changes(self, wanted: ChangeFilter, *, after: ChangeKey | None, most: int) -> Sequence[AnyRow]:
        """Lines of the change feed behind `after`, the oldest first.

        Raises:
            NotFoundError: they are asked of a person who is none of this organization's.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            if wanted.staff_id is not None:
                await get_staff(connection, wanted.staff_id)
            return await find_changes(connection, wanted, after=after, most=most)

    async def duplicates(self, *, after: PairKey | None, most: int) -> Sequence[AnyRow]:
        """Pairs of records that may be one person, by last name behind `after`."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return await find_duplicates(connection, after=after, most=most)

    async def merge(self, staff_id: int, into: int) -> None:
        """Makes one record a part of another; done before, it stays so.

        Raises:
            NotFoundError: one of them is none of this organization's people.
            ConflictError: it is the same id twice.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            if await merge_people(connection, self.account.organization_id, staff_id, into):
                about, detail = ("person", staff_id), {"into": into}
                await record(connection, Act.PERSON_MERGE, self.account, about=about, detail=detail)

    @property
    def _corrector(self) -> Corrector:
        return Corrector(self.account.organization_id, self.account.user_id, self.account.user_name)


def change_view(row: AnyRow) -> ChangeView:
    """A line as the API shows it."""
    return msgspec.convert({**row._mapping, "staff_id": row.staff_member_id}, ChangeView)


def duplicate_view(row: AnyRow) -> DuplicateView:
    """A pair as the API shows it."""
    fields = LookalikeView.__struct_fields__
    pair = [LookalikeView(**{name: getattr(row, f"{name}_{end}") for name in fields}) for end in "ab"]
    reasons = [name for name, value in row._mapping.items() if name.startswith("same_") and value]
    return DuplicateView(people=pair, reasons=reasons)


def _given(wanted: Corrections) -> dict[str, str | None]:
    values = ((field, getattr(wanted, field)) for field in COLUMNS)
    return {field: value for field, value in values if value is not UNSET}


def _correction(field: str, value: str | None) -> NewCorrection:
    text = " ".join(value.split()) if value is not None else None
    if text == "":
        raise InvalidCorrectionError(f"/{field}: the text is blank. Send null where there is no such value.")
    try:
        columns = _READERS[field](text) if field in _READERS else {field: text}
    except ValueError as error:
        raise InvalidCorrectionError(f"/{field}: {error}") from error
    return NewCorrection(field, columns)


def _name(text: str | None) -> dict[str, str | None]:
    read = parse_name(text or "")
    if read is None or not read.last:
        raise ValueError(f"{text!r} is no name of one person. Write first and last name.")
    parts = {"first_name": read.first, "middle_name": read.middle, "last_name": read.last}
    return {"name": text, **parts, **{one: getattr(read, one) for one in ("honorific", "suffix", "nickname")}}


def _role(text: str | None) -> dict[str, str | None]:
    if text not in (known := (*role_keys(), _UNKNOWN)):
        raise ValueError(f"{text!r} is no role. Known are: {', '.join(sorted(known))}.")
    return {"role": text}


def _email(text: str | None) -> dict[str, str | None]:
    if text is None:
        return {"email": None, "email_state": "none"}
    return {"email": plain_address(text), "email_state": "corrected"}


def _phone(text: str | None) -> dict[str, str | None]:
    if text is None:
        return {"phone": None, "phone_e164": None}
    found = find_phones(text)
    if len(found) != 1 or found[0].is_only_extension:
        raise ValueError(f"{text!r} is no telephone number. Write one such as (512) 555-0142.")
    return {"phone": text, "phone_e164": found[0].e164}


def _profile_url(text: str | None) -> dict[str, str | None]:
    if text is not None and not (urlsplit(text).scheme in {"http", "https"} and urlsplit(text).hostname):
        raise ValueError(f"{text[:200]!r} is no address of a web page. It begins with https:// or http://.")
    return {"profile_url": text}


_READERS: Mapping[str, Callable[[str | None], dict[str, str | None]]] = {
    "name": _name,
    "role": _role,
    "email": _email,
    "phone": _phone,
    "profile_url": _profile_url,
}
