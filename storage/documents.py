"""Documents: known by their content, so that the same file uploaded twice is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import NotFoundError
from storage.models import Document, DocumentPage, Evidence

_LACKS_ROWS = func.coalesce(DocumentPage.rows_expected, 0) > DocumentPage.rows_found
_IS_ODD = or_(func.jsonb_array_length(DocumentPage.warnings) > 0, _LACKS_ROWS)


@dataclass(frozen=True, slots=True)
class PageFigures:
    """The pages of a document that were read by one method."""

    method: str
    pages: int
    rows: int
    rows_expected: int
    """Where nothing was expected, what was found."""
    confidence: float
    """Summed over the rows."""
    warnings: int
    odd: int
    """Pages with a warning or fewer rows than expected."""
    incomplete: int
    """Pages with rows, but fewer than expected."""
    empty: int
    """Pages without rows."""


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


async def all_documents(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Every document of the organization, the oldest first."""
    return (await connection.execute(select(Document.__table__).order_by(Document.created_at, Document.id))).all()


async def pages_of(
    connection: AsyncConnection, document_id: UUID, *, after: int | None = None, most: int
) -> Sequence[Row[Any]]:
    """How pages behind page `after` were read, in their order."""
    query = select(*DocumentPage.__table__.c).where(DocumentPage.document_id == document_id)
    if after is not None:
        query = query.where(DocumentPage.page > after)
    return (await connection.execute(query.order_by(DocumentPage.page).limit(most))).all()


async def page_figures(connection: AsyncConnection, document_id: UUID) -> list[PageFigures]:
    """What came of the pages read, by method, the most frequent first."""
    page = DocumentPage
    query = (
        select(
            page.method,
            func.count().label("pages"),
            func.sum(page.rows_found).label("rows"),
            func.sum(func.coalesce(page.rows_expected, page.rows_found)).label("rows_expected"),
            func.sum(page.confidence * page.rows_found).label("confidence"),
            func.sum(func.jsonb_array_length(page.warnings)).label("warnings"),
            func.count().filter(_IS_ODD).label("odd"),
            func.count().filter(page.rows_found > 0, _LACKS_ROWS).label("incomplete"),
            func.count().filter(page.rows_found == 0).label("empty"),
        )
        .where(page.document_id == document_id)
        .group_by(page.method)
        .order_by(func.count().desc(), page.method)
    )
    return [PageFigures(*row) for row in (await connection.execute(query)).all()]


async def odd_pages(connection: AsyncConnection, document_id: UUID, *, most: int) -> Sequence[Row[Any]]:
    """The first pages with a warning or fewer rows than expected."""
    query = select(*DocumentPage.__table__.c).where(DocumentPage.document_id == document_id, _IS_ODD)
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
