"""Routes of the other lists as files: each list that has pages has a `.csv` and a `.json` twin with all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from control_api.auth.guards import admin, viewer
from control_api.documents.controller import provide_documents
from control_api.documents.service import DocumentService
from control_api.exports.controller import Ledger, provide_ledger
from control_api.exports.downloads import Batch, Desk, Read
from control_api.exports.drafts import FileKind
from control_api.exports.files import provide_desk
from control_api.exports.formats.known import Format
from control_api.exports.layout import Column, Kind, layout_of
from control_api.jobs.controller import provide_job_filter, provide_jobs
from control_api.jobs.schemas import JobFilter
from control_api.jobs.service import JobService
from control_api.reviews.links import Linked, LinkReview, link_view, provide_links
from control_api.schools.controller import provide_wanted, provide_where
from control_api.suppressions.controller import OfKind, provide_suppressions
from control_api.suppressions.service import SuppressionService
from storage.filters import SchoolFilter

ROWS_A_BATCH = 500

JOBS = (
    *(
        Column(key)
        for key in (
            "id",
            "kind",
            "state",
            "priority",
            "reason",
            "error_code",
            "user",
            "parent_id",
            "schedule_id",
            "retry_of",
        )
    ),
    *(Column(key, Kind.WHOLE) for key in ("attempt", "failures", "done", "total")),
    *(Column(key, Kind.TIME) for key in ("created_at", "started_at", "finished_at")),
    *(Column(key, Kind.NESTED) for key in ("params", "result")),
)
DOCUMENTS = (
    *(Column(key) for key in ("id", "filename", "sha256", "title", "state")),
    *(Column(key, Kind.WHOLE) for key in ("size_bytes", "pages")),
    Column("created_at", Kind.TIME),
)
LINKS = (
    Column("school_id", Kind.WHOLE),
    *(Column(key) for key in ("name", "district", "city", "school_state", "nces_id")),
    *(Column(key) for key in ("official_name", "official_district", "official_city", "state", "method")),
    Column("score", Kind.NUMBER),
    *(Column(key) for key in ("document_id", "decided_by")),
    *(Column(key, Kind.TIME) for key in ("linked_at", "decided_at")),
    *(Column(key, Kind.NESTED) for key in ("reasons", "choices")),
)
SUPPRESSIONS = (
    Column("id", Kind.WHOLE),
    *(Column(key) for key in ("kind", "reason", "note", "by")),
    Column("created_at", Kind.TIME),
)
LEDGER = (
    Column("id", Kind.WHOLE),
    *(Column(key) for key in ("source", "job_id", "user_name", "api_key", "subject", "format", "preset")),
    Column("raw", Kind.YES_NO),
    Column("columns", Kind.TEXTS),
    *(Column(key) for key in ("purpose", "outcome", "sha256")),
    *(Column(key, Kind.WHOLE) for key in ("rows", "size_bytes")),
    *(Column(key, Kind.TIME) for key in ("begun_at", "ended_at")),
    Column("filters", Kind.NESTED),
)


def _in_batches(
    page: Callable[[Any, int], Awaitable[Sequence[Any]]],
    key: Callable[[Any], Any],
    shown: Callable[[Any], object] | None = None,
) -> Read:
    """Reads a list page by page."""

    async def read(after: Any) -> Batch:
        found = await page(after, ROWS_A_BATCH)
        more = key(found[-1]) if len(found) == ROWS_A_BATCH else None
        return found if shown is None else [shown(row) for row in found], more

    return read


def provide_job_rows(jobs: NamedDependency[JobService], wanted_jobs: NamedDependency[JobFilter]) -> Read:
    """The jobs that a request's query asks for."""
    return _in_batches(
        lambda after, most: jobs.newest(wanted_jobs, after=after, most=most),
        lambda job: (job.created_at, job.id),
    )


def provide_document_rows(documents: NamedDependency[DocumentService]) -> Read:
    """All documents."""
    return _in_batches(
        lambda after, most: documents.newest(after=after, most=most), lambda last: (last.created_at, last.id)
    )


def provide_link_rows(
    links: NamedDependency[LinkReview], wanted: NamedDependency[SchoolFilter], linked: Linked = None
) -> Read:
    """The links that a request's query asks for."""
    return _in_batches(
        lambda after, most: links.page(wanted, linked, after=after, most=most),
        lambda last: (last.name, last.school_id),
        link_view,
    )


def provide_suppression_rows(suppressions: NamedDependency[SuppressionService], kind: OfKind = None) -> Read:
    """The entries of the suppression list, without their values."""
    return _in_batches(lambda after, most: suppressions.page(kind=kind, after=after, most=most), lambda entry: entry.id)


def provide_ledger_rows(ledger: NamedDependency[Ledger]) -> Read:
    """The ledger of exports."""
    return _in_batches(lambda after, most: ledger.page(after=after, most=most), lambda line: line.id)


_PROVIDERS: dict[str, Callable[..., Any]] = {
    "jobs": provide_jobs,
    "wanted_jobs": provide_job_filter,
    "documents": provide_documents,
    "links": provide_links,
    "where": provide_where,
    "wanted": provide_wanted,
    "suppressions": provide_suppressions,
    "ledger": provide_ledger,
}


def _list_file(
    path: str, columns: tuple[Column, ...], provide: Callable[..., Read], file_format: Format, *, guard: Any = viewer
) -> HTTPRouteHandler:
    name = path.rpartition("/")[2]

    @get(
        f"{path}.{file_format}",
        tags=["Lists as files"],
        guards=[guard],
        summary=f"The list {name} as {file_format.name}",
        media_type=file_format.media_type,
        dependencies={"read": Provide(provide, sync_to_thread=False)},
    )
    async def file(desk: NamedDependency[Desk], read: NamedDependency[Any]) -> Stream:
        """All of the list that meets the filters, as a download."""
        layout = layout_of(name.capitalize(), columns, nested=file_format.nested)
        return await desk.give(name, FileKind(layout, file_format, with_notices=False), read)

    return file


_LISTS = (
    partial(_list_file, "/jobs", JOBS, provide_job_rows),
    partial(_list_file, "/documents", DOCUMENTS, provide_document_rows),
    partial(_list_file, "/links", LINKS, provide_link_rows),
    partial(_list_file, "/suppressions", SUPPRESSIONS, provide_suppression_rows),
    partial(_list_file, "/exports/ledger", LEDGER, provide_ledger_rows, guard=admin),
)
list_routes = Router(
    "/api/v1",
    dependencies={
        "desk": Provide(provide_desk, sync_to_thread=False),
        **{name: Provide(provide, sync_to_thread=False) for name, provide in _PROVIDERS.items()},
    },
    route_handlers=[make(file_format) for make in _LISTS for file_format in (Format.CSV, Format.JSON)],
)
