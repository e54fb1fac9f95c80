"""Schools as documents list them: upserted by identity, with the row that says so as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.directory import locate_schools
from storage.models import DocumentPage, DocumentSchool, Evidence, School
from storage.sightings import Origin, Seen, Sighting, key_words, store_evidence

TEXT_FIELDS = (
    "nces_id",
    "name",
    "district",
    "state_school_id",
    "state_district_id",
    "address",
    "city",
    "county",
    "state",
    "zip",
    "phone",
    "title1_status",
    "grade_span",
)


@dataclass(frozen=True, slots=True)
class ListedSchool:
    """One row of a document, ready to be stored. `sightings` always has a `name`."""

    page: int
    row: int
    confidence: float
    sightings: list[Sighting]
    county_fips: str | None = None
    """The code of the county that the row names, where its state has such a county."""

    def value(self, field: str) -> str | None:
        """The field's normalized value, or None."""
        return next((seen.value for seen in self.sightings if seen.field == field and seen.value), None)

    @property
    def identity(self) -> str:
        """The school's natural key: its NCES id, or state + district + name without case and punctuation."""
        if nces_id := self.value("nces_id"):
            return f"nces:{nces_id}"
        return "name:" + "|".join(key_words(self.value(field)) for field in ("state", "district", "name"))


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page of a document as it was read."""

    document_id: UUID
    page: int
    method: str
    confidence: float
    rows_expected: int | None
    warnings: list[str]
    schools: Sequence[ListedSchool]


async def store_page(
    connection: AsyncConnection, page: ReadPage, *, organization_id: UUID, job_id: UUID, attempt: int, seen_at: datetime
) -> int:
    """Writes a page and its schools in the caller's transaction and returns how many schools it lists.

    Doing it again replaces what was said of the page before; schools are known by their identity.
    """
    await _forget_page(connection, page)
    ids = await _upsert_schools(connection, organization_id, page.schools)
    if any(school.value("nces_id") for school in page.schools):
        await locate_schools(connection, list(ids.values()))
    await _store_page_row(connection, organization_id, page)
    if page.schools:
        await connection.execute(
            insert(DocumentSchool),
            [
                {
                    "organization_id": organization_id,
                    "document_id": page.document_id,
                    "page": school.page,
                    "row": school.row,
                    "school_id": ids[school.identity],
                    "confidence": school.confidence,
                }
                for school in page.schools
            ],
        )
    await store_evidence(
        connection,
        (
            Seen(
                "school",
                ids[school.identity],
                Origin(
                    organization_id,
                    job_id,
                    attempt,
                    seen_at,
                    f"pdf:{page.method}",
                    document_id=page.document_id,
                    page=school.page,
                    row=school.row,
                ),
                school.sightings,
            )
            for school in page.schools
        ),
    )
    return len(page.schools)


async def _forget_page(connection: AsyncConnection, page: ReadPage) -> None:
    """Takes back what an earlier reading said of the page's rows: a better one may find other rows, or fewer.

    Schools stay, since other pages and people may stand behind them; without any row they are in no document.
    """
    await connection.execute(
        delete(DocumentSchool).where(DocumentSchool.document_id == page.document_id, DocumentSchool.page == page.page)
    )
    await connection.execute(
        delete(Evidence).where(
            Evidence.subject == "school", Evidence.document_id == page.document_id, Evidence.page == page.page
        )
    )


async def _upsert_schools(
    connection: AsyncConnection, organization_id: UUID, schools: Sequence[ListedSchool]
) -> dict[str, int]:
    """The ids of the schools by identity; what a row omits keeps its value of before."""
    rows: dict[str, dict[str, Any]] = {}
    for school in schools:
        row: dict[str, Any] = {field: school.value(field) for field in TEXT_FIELDS}
        row |= {
            "organization_id": organization_id,
            "identity": school.identity,
            "county_fips": school.county_fips,
            "enrollment": _whole(school.value("enrollment")),
            "low_income_pct": _decimal(school.value("low_income_pct")),
            "confidence": school.confidence,
        }
        rows[school.identity] = row
    if not rows:
        return {}
    new = insert(School)
    kept = (*TEXT_FIELDS, "enrollment", "low_income_pct")
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["organization_id", "identity"],
            set_={
                **{name: func.coalesce(new.excluded[name], School.__table__.c[name]) for name in kept},
                # A code belongs to its name: another county that has none does not keep the one of before.
                "county_fips": case(
                    (new.excluded.county.is_(None), School.__table__.c.county_fips), else_=new.excluded.county_fips
                ),
                "confidence": new.excluded.confidence,
                "last_seen": func.now(),
            },
        ),
        # One order for all writers, so that two that share schools do not wait for each other in a ring.
        [rows[identity] for identity in sorted(rows)],
    )
    found = await connection.execute(select(School.identity, School.id).where(School.identity.in_(list(rows))))
    return dict(found.all())


async def _store_page_row(connection: AsyncConnection, organization_id: UUID, page: ReadPage) -> None:
    new = insert(DocumentPage).values(
        organization_id=organization_id,
        document_id=page.document_id,
        page=page.page,
        method=page.method,
        confidence=page.confidence,
        rows_found=len(page.schools),
        rows_expected=page.rows_expected,
        warnings=page.warnings,
    )
    renewed = ("method", "confidence", "rows_found", "rows_expected", "warnings")
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["document_id", "page"],
            set_={**{name: new.excluded[name] for name in renewed}, "read_at": func.now()},
        )
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 9 else None


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
