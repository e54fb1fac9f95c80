"""Documents: known by their content, so that the same file uploaded twice is one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import NotFoundError
from storage.models import Document


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
