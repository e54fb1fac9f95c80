"""Routes of documents: upload a PDF, see what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath

from control_api.auth.guards import operator, viewer
from control_api.documents.schemas import DocumentDetail, DocumentView
from control_api.documents.service import DocumentKey, DocumentService
from control_api.documents.upload import received_file
from control_api.pages import Limit, Page, PageCursor, decode_cursor, page_of
from control_api.settings import ApiSettings
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database


@dataclass
class UploadOperation(Operation):
    """Tells the API's description of the form, which the handler reads by itself."""

    def __post_init__(self) -> None:
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description="The PDF.")
        form = Schema(type=OpenAPIType.OBJECT, properties={"file": file}, required=["file"])
        self.request_body = RequestBody({"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True)


def provide_documents(
    database: NamedDependency[Database], account: NamedDependency[Account], blobs: NamedDependency[Blobs]
) -> DocumentService:
    """The documents of the account that asks."""
    return DocumentService(database, account, blobs)


class DocumentController(Controller):
    """`/api/v1/documents`."""

    path = "/api/v1/documents"
    tags = ("Documents",)
    guards = (viewer,)
    dependencies = {"documents": Provide(provide_documents, sync_to_thread=False)}  # noqa: RUF012  Litestar's way

    @post(
        "/",
        guards=[operator],
        operation_class=UploadOperation,
        summary="Upload a PDF",
        responses={200: ResponseSpec(DocumentView, description="The same file was uploaded before.")},
    )
    async def upload(
        self,
        request: Request[Any, Any, Any],
        documents: NamedDependency[DocumentService],
        settings: NamedDependency[ApiSettings],
    ) -> Response[DocumentView]:
        """Takes the form field `file`. A file that is not a readable PDF is refused with the cause."""
        async with received_file(request, max_bytes=settings.upload_max_bytes) as upload:
            document, new = await documents.add(upload)
        location = {"Location": f"/api/v1/documents/{document.id}"}
        return Response(document, status_code=201 if new else 200, headers=location)

    @get("/", summary="Documents, the newest first")
    async def newest(
        self, documents: NamedDependency[DocumentService], cursor: PageCursor = None, limit: Limit = 50
    ) -> Page[DocumentView]:
        """Lists uploaded PDFs."""
        found = await documents.newest(after=decode_cursor(cursor, DocumentKey), most=limit + 1)
        return page_of(found, limit, item=lambda document: document, key=lambda last: (last.created_at, last.id))

    @get("/{document_id:uuid}", summary="One document")
    async def one(self, document_id: FromPath[UUID], documents: NamedDependency[DocumentService]) -> DocumentDetail:
        """A PDF, how its pages were read, and how many schools it names."""
        return await documents.get(document_id)
