"""Documents between HTTP and storage: an upload is looked at, its bytes stored, and only then its row committed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from control_api.documents.pictures import PagePicture, PictureDesk, highlights
from control_api.documents.schemas import DocumentDetail, DocumentView, PageView
from control_api.documents.upload import Upload
from control_api.work.page_report import page_report
from extraction.schools.cage import inspect_pdf
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database
from storage.documents import blob_name, get_document, pages_of, school_boxes
from storage.errors import NotFoundError
from storage.models import Document, DocumentSchool

DocumentKey = tuple[datetime, UUID]
MOST_ODD_PAGES = 10
"""Pages told one by one with a document."""


@dataclass(frozen=True, slots=True)
class DocumentService:
    """What an account may do with its organization's documents."""

    database: Database
    account: Account
    blobs: Blobs

    async def add(self, upload: Upload) -> tuple[DocumentView, bool]:
        """Stores an upload; a file that is known by its content is found. True if it is new.

        Raises:
            PdfError: it is not a PDF that can be read; the message names the cause.
            BlobsUnavailableError: its bytes cannot be stored.
        """
        known = await self._known(upload.sha256)
        if known is not None and await asyncio.to_thread(self.blobs.exists, blob_name(upload.sha256)):
            return known, False
        outline = await asyncio.to_thread(inspect_pdf, upload.path)
        # The bytes first: a row whose bytes are missing would fail every job on it.
        await asyncio.to_thread(self.blobs.put_file, blob_name(upload.sha256), upload.path)
        row = insert(Document).values(
            id=uuid4(),
            organization_id=self.account.organization_id,
            sha256=upload.sha256,
            filename=upload.filename,
            size_bytes=upload.size_bytes,
            pages=outline.pages,
            title=outline.title,
            state=outline.state,
            created_by=self.account.user_id,
        )
        async with self.database.tenant(self.account.organization_id) as connection:
            made = await connection.scalar(row.on_conflict_do_nothing().returning(Document.id))
        document = await self._known(upload.sha256)
        if document is None:
            raise LookupError(f"document {upload.sha256} vanished while it was stored")
        return document, made is not None

    async def newest(self, *, after: DocumentKey | None, most: int) -> list[DocumentView]:
        """Documents, the newest first, behind `after`."""
        query = select(*Document.__table__.c).order_by(Document.created_at.desc(), Document.id.desc()).limit(most)
        if after is not None:
            query = query.where(tuple_(Document.created_at, Document.id) < tuple_(literal(after[0]), literal(after[1])))
        async with self.database.tenant(self.account.organization_id) as connection:
            rows = (await connection.execute(query)).all()
        return [_view(row) for row in rows]

    async def get(self, document_id: UUID) -> DocumentDetail:
        """A document with what was read in it.

        Raises:
            NotFoundError: there is no such document in this organization.
        """
        schools = select(func.count(DocumentSchool.school_id.distinct())).where(
            DocumentSchool.document_id == document_id
        )
        async with self.database.tenant(self.account.organization_id) as connection:
            document = _view(await get_document(connection, document_id))
            reading = await page_report(connection, document_id, most_pages=MOST_ODD_PAGES)
            named = await connection.scalar(schools)
        return DocumentDetail(
            **msgspec.structs.asdict(document),
            schools=named or 0,
            reading=reading,
            pages_url=f"/api/v1/documents/{document_id}/pages",
        )

    async def pages(self, document_id: UUID, *, after: int | None, most: int) -> list[PageView]:
        """How the pages behind page `after` were read.

        Raises:
            NotFoundError: there is no such document in this organization.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            await get_document(connection, document_id)
            found = await pages_of(connection, document_id, after=after, most=most)
        return [msgspec.convert(page, PageView, from_attributes=True) for page in found]

    async def picture(self, document_id: UUID, page: int, *, highlight: int | None, dpi: int) -> PagePicture:
        """What a page's picture is to show: the page, and where the values of the school `highlight` stand on it.

        Raises:
            NotFoundError: there is no such document or page, or nothing of the school on it.
        """
        boxes: Sequence[list[float]] = ()
        async with self.database.tenant(self.account.organization_id) as connection:
            document = await get_document(connection, document_id)
            if not 1 <= page <= document.pages:
                raise NotFoundError(f"The document has {document.pages} pages; there is no page {page}.")
            if highlight is not None:
                boxes = await school_boxes(connection, document_id, page, highlight)
                if not boxes:
                    raise NotFoundError(
                        f"Nothing on page {page} is evidence for a school {highlight}; `listed_in` of the school says"
                        " which pages name it."
                    )
        return PagePicture(document.sha256, page, dpi, highlights(boxes))

    async def drawn(self, picture: PagePicture, desk: PictureDesk) -> bytes:
        """The picture as a PNG.

        Raises:
            BusyError: too many are being drawn.
            PdfError: the page cannot be drawn.
            NotFoundError: the document's bytes are gone.
        """
        blob = blob_name(picture.sha256)
        if not await asyncio.to_thread(self.blobs.exists, blob):
            raise NotFoundError("The bytes of this document are no longer stored. Upload the same file again.")
        return await desk.draw(picture, self.blobs, blob)

    async def _known(self, sha256: str) -> DocumentView | None:
        async with self.database.tenant(self.account.organization_id) as connection:
            row = (
                await connection.execute(select(*Document.__table__.c).where(Document.sha256 == sha256))
            ).one_or_none()
        return None if row is None else _view(row)


def _view(row: Any) -> DocumentView:
    return msgspec.convert(row, DocumentView, from_attributes=True)
