"""Documents: known by their content, so that the same file uploaded twice is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import NotFoundError
from storage.models import Document, DocumentPage, Evidence


def blob_name(sha256: str) -> str:
    """Where the bytes of a document lie in the blob store."""
    return f"documents/{sha256[:2]}/{sha256}.pdf"


async def get_document(connection: AsyncConnection, document_id: UUID) -> Row[Any]:
    """One document's row.

    Raises:
        NotFoundError: no such document in this organization.
    """
    row = (await connection.execute(select(Document.__table__).where(Document.id == document_id))).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no document {document_id}.")
    return row


async def pages_of(
    connection: AsyncConnection, document_id: UUID, *, after: int | None = None, most: int
) -> Sequence[Row[Any]]:
    """How pages behind page `after` were read, in their order."""
    query = select(*DocumentPage.__table__.c).where(DocumentPage.document_id == document_id)
    if after is not None:
        query = query.where(DocumentPage.page > after)
    return (await connection.execute(query.order_by(DocumentPage.page).limit(most))).all()


async def school_boxes(
    connection: AsyncConnection, document_id: UUID, page: int, school_id: int
) -> Sequence[list[float]]:
    """Where on a page of a document the values of a school stand; empty where the page says nothing of it."""
    query = (
        select(Evidence.box)
        .where(
            Evidence.document_id == document_id,
            Evidence.page == page,
            Evidence.subject == "school",
            Evidence.subject_id == school_id,
            func.jsonb_typeof(Evidence.box) == "array",
        )
        .order_by(Evidence.source, Evidence.field)
    )
    return [box for box in await connection.scalars(query) if box]
