"""Rows of schools and people, made in one line each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.accounts import Account
from storage.models import Document, DocumentSchool, Evidence, School, StaffMember, StaffPost, Website


async def add_document(connection: AsyncConnection, account: Account, **values: Any) -> UUID:
    row = {
        "organization_id": account.organization_id,
        "created_by": account.user_id,
        "sha256": uuid4().hex * 2,
        "filename": "list.pdf",
        "size_bytes": 1000,
        "pages": 3,
    }
    inserted = await connection.execute(insert(Document).values(**row | values).returning(Document.id))
    return inserted.scalar_one()


async def add_school(connection: AsyncConnection, account: Account, name: str, **values: Any) -> int:
    row = {"organization_id": account.organization_id, "identity": uuid4().hex, "name": name, "confidence": 0.9}
    return (await connection.execute(insert(School).values(**row | values).returning(School.id))).scalar_one()


async def add_listing(
    connection: AsyncConnection, account: Account, document_id: UUID, school_id: int, row: int = 1
) -> None:
    await connection.execute(
        insert(DocumentSchool).values(
            organization_id=account.organization_id,
            document_id=document_id,
            page=1,
            row=row,
            school_id=school_id,
            confidence=0.9,
        )
    )


async def add_website(connection: AsyncConnection, account: Account, school_id: int, url: str, **values: Any) -> int:
    row = {
        "organization_id": account.organization_id,
        "school_id": school_id,
        "url": url,
        "provider": "directory",
        "score": 0.95,
        "signals": [{"name": "phone", "weight": 2.0, "detail": "the same telephone number"}],
        "state": "accepted",
        "fetched_at": datetime.now(UTC),
    }
    return (await connection.execute(insert(Website).values(**row | values).returning(Website.id))).scalar_one()


async def add_person(
    connection: AsyncConnection, account: Account, name: str, school_ids: list[int], **values: Any
) -> int:
    first, _, last = name.rpartition(" ")
    row = {
        "organization_id": account.organization_id,
        "identity": uuid4().hex,
        "name": name,
        "first_name": first or None,
        "last_name": last,
        "title": "Teacher",
        "role": "teacher",
        "email_state": "published" if values.get("email") else "none",
        "confidence": 0.8,
    } | values
    person = (await connection.execute(insert(StaffMember).values(**row).returning(StaffMember.id))).scalar_one()
    for school_id in school_ids:
        await connection.execute(
            insert(StaffPost).values(
                organization_id=account.organization_id,
                staff_member_id=person,
                school_id=school_id,
                title=row["title"],
                role=row["role"],
                source_url=f"https://school{school_id}.test/staff",
            )
        )
    return person


async def add_evidence(
    connection: AsyncConnection, account: Account, subject: str, subject_id: int, **values: Any
) -> None:
    row = {
        "organization_id": account.organization_id,
        "subject": subject,
        "subject_id": subject_id,
        "field": "name",
        "source": uuid4().hex,
        "printed": "Oak Elem.",
        "value": "Oak Elem.",
        "method": "ruled",
        "confidence": 0.9,
        "url": "https://school.test/",
    }
    await connection.execute(insert(Evidence).values(**row | values))
