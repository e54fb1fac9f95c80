"""Routes of documents: upload a PDF, see what there is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, PathParameter, QueryParameter

from control_api.auth.guards import operator, viewer
from control_api.documents.pictures import PictureDesk
from control_api.documents.schemas import DocumentDetail, DocumentView, PageView
from control_api.documents.service import DocumentKey, DocumentService
from control_api.documents.upload import received_file
from control_api.pages import LARGEST_ID, Limit, Page, PageCursor, decode_cursor, page_of
from control_api.settings import ApiSettings
from extraction.schools.marks import LEAST_DPI
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database
from storage.errors import NotFoundError

MOST_DPI = 200
"""Sharp on any screen; more is for printing presses."""

PageFile = Annotated[str, PathParameter(max_length=20, description="The page's number and `.png`, such as `3.png`.")]
Highlight = Annotated[
    int | None,
    QueryParameter(ge=1, le=LARGEST_ID, description="Id of a school: its values on the page are highlighted."),
]
Dpi = Annotated[int, QueryParameter(ge=LEAST_DPI, le=MOST_DPI, description="Pixels an inch of the page.")]


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
        """A PDF, how many schools it names, and what came of its pages, which `pages_url` lists."""
        return await documents.get(document_id)

    @get("/{document_id:uuid}/pages", summary="How the pages of a document were read")
    async def pages(
        self,
        document_id: FromPath[UUID],
        documents: NamedDependency[DocumentService],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[PageView]:
        """Lists pages with method, confidence, rows found and expected, and warnings."""
        found = await documents.pages(document_id, after=decode_cursor(cursor, int), most=limit + 1)
        return page_of(found, limit, item=lambda page: page, key=lambda last: last.page)

    @get(
        "/{document_id:uuid}/pages/{image:str}",
        summary="A page as a picture",
        media_type="image/png",
        responses={304: ResponseSpec(None, description="The picture with this ETag has not changed.")},
    )
    async def picture(
        self,
        request: Request[Any, Any, Any],
        document_id: FromPath[UUID],
        image: PageFile,
        documents: NamedDependency[DocumentService],
        desk: NamedDependency[PictureDesk],
        highlight: Highlight = None,
        dpi: Dpi = 110,
    ) -> Response[bytes]:
        """The page as it is displayed, with the values of one school highlighted, so that evidence can be seen."""
        number = re.fullmatch(r"([1-9][0-9]{0,8})\.png", image)
        if number is None:
            raise NotFoundError(f"There is no {image!r} among the pages; pages are called 1.png, 2.png and so on.")
        picture = await documents.picture(document_id, int(number[1]), highlight=highlight, dpi=dpi)
        # Kept by the browser of who asked, and shown again only after asking whether it still may.
        headers = {"ETag": picture.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
        if picture.etag in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
        return Response(await documents.drawn(picture, desk), media_type="image/png", headers=headers)
