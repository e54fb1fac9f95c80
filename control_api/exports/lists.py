"""Routes of the other lists as files: each list that has pages has a `.csv` and a `.json` twin with all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from litestar.response import Stream

from control_api.audit.controller import provide_wanted as provide_wanted_entries
from control_api.audit.schemas import AuditView
from control_api.auth.guards import admin, viewer
from control_api.documents.controller import provide_documents
from control_api.documents.service import DocumentService
from control_api.exports.controller import Ledger, provide_ledger
from control_api.exports.downloads import Batch, Desk, Read
from control_api.exports.drafts import FileKind
from control_api.exports.files import PurposeWords, provide_desk
from control_api.exports.formats.known import Format
from control_api.exports.layout import Column, Kind, Preset, columns_of, layout_of
from control_api.exports.ledger import check_purpose
from control_api.jobs.controller import provide_job_filter, provide_jobs
from control_api.jobs.schemas import JobFilter
from control_api.jobs.service import JobService
from control_api.keys.controller import provide_keys
from control_api.keys.schemas import KeyView
from control_api.keys.service import KeyService
from control_api.people.controller import provide_change_filter, provide_people
from control_api.people.schemas import ChangeView, LookalikeView, TombstoneView
from control_api.people.service import PeopleService, change_view, duplicate_view
from control_api.reviews.links import Linked, LinkReview, link_view, provide_links
from control_api.schedules.controller import Enabled, provide_schedules
from control_api.schedules.schemas import ScheduleView
from control_api.schedules.service import ScheduleService
from control_api.schools.controller import provide_wanted, provide_where
from control_api.searches.controller import provide_searches
from control_api.searches.schemas import SearchKind, SearchView
from control_api.searches.service import SearchService
from control_api.settings import ApiSettings
from control_api.staff.controller import provide_place
from control_api.suppressions.controller import OfKind, provide_suppressions
from control_api.suppressions.service import SuppressionService
from control_api.users.controller import provide_users
from control_api.users.schemas import UserView
from control_api.users.service import UserService
from storage.accounts import Account
from storage.audit import AuditFilter, find_audit
from storage.changes import ChangeFilter
from storage.database import Database
from storage.exports import NewExport
from storage.filters import SchoolFilter
from storage.jobs import JobKind

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
AUDIT, KEYS, USERS = columns_of(AuditView), columns_of(KeyView), columns_of(UserView)
SCHEDULES, SEARCHES = columns_of(ScheduleView), columns_of(SearchView)
TOMBSTONES, CHANGES = columns_of(TombstoneView), columns_of(ChangeView)
DUPLICATES = (
    *(column for end in "ab" for column in (replace(one, key=f"{one.key}_{end}") for one in columns_of(LookalikeView))),
    Column("reasons", Kind.TEXTS, value=lambda row: duplicate_view(row).reasons),
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


def provide_audit_rows(
    database: NamedDependency[Database],
    account: NamedDependency[Account],
    wanted_entries: NamedDependency[AuditFilter],
) -> Read:
    """The entries of the audit log that a request's query asks for."""

    async def page(after: int | None, most: int) -> Sequence[Any]:
        async with database.tenant(account.organization_id) as connection:
            return await find_audit(connection, wanted_entries, after=after, most=most)

    return _in_batches(page, lambda last: last.id)


def provide_key_rows(keys: NamedDependency[KeyService]) -> Read:
    """The keys that the account may see."""
    return _in_batches(lambda after, most: keys.page(after=after, most=most), lambda last: (last.created_at, last.id))


def provide_user_rows(users: NamedDependency[UserService]) -> Read:
    """All users."""
    return _in_batches(lambda after, most: users.page(after=after, most=most), lambda last: (last.name, last.id))


def provide_schedule_rows(
    schedules: NamedDependency[ScheduleService],
    kind: FromQuery[JobKind | None] = None,
    enabled: Enabled = None,
) -> Read:
    """The schedules that a request's query asks for."""
    return _in_batches(
        lambda after, most: schedules.page(kind=kind, enabled=enabled, after=after, most=most), lambda last: last.name
    )


def provide_search_rows(searches: NamedDependency[SearchService], kind: FromQuery[SearchKind | None] = None) -> Read:
    """The saved searches that the account may see."""
    return _in_batches(
        lambda after, most: searches.page(kind=kind, name=None, after=after, most=most), lambda last: last.name
    )


def provide_tombstone_rows(people: NamedDependency[PeopleService]) -> Read:
    """Who was deleted for good."""
    return _in_batches(lambda after, most: people.tombstones(after=after, most=most), lambda last: last.id)


def provide_change_rows(people: NamedDependency[PeopleService], wanted_changes: NamedDependency[ChangeFilter]) -> Read:
    """The lines of the change feed that a request's query asks for."""
    return _in_batches(
        lambda after, most: people.changes(wanted_changes, after=after, most=most),
        lambda last: (last.transaction, last.id),
        change_view,
    )


def provide_duplicate_rows(people: NamedDependency[PeopleService]) -> Read:
    """Pairs of records that may be one person."""
    return _in_batches(
        lambda after, most: people.duplicates(after=after, most=most),
        lambda last: (last.last_name, last.id_a, last.id_b),
    )


_PROVIDERS: dict[str, Callable[..., Any]] = {
    "jobs": provide_jobs,
    "wanted_jobs": provide_job_filter,
    "documents": provide_documents,
    "links": provide_links,
    "where": provide_where,
    "wanted": provide_wanted,
    "suppressions": provide_suppressions,
    "ledger": provide_ledger,
    "wanted_entries": provide_wanted_entries,
    "keys": provide_keys,
    "users": provide_users,
    "schedules": provide_schedules,
    "searches": provide_searches,
    "place": provide_place,
    "people": provide_people,
    "wanted_changes": provide_change_filter,
}


def _list_file(
    path: str,
    columns: tuple[Column, ...],
    provide: Callable[..., Read],
    file_format: Format,
    *,
    guard: Any = viewer,
    of_people: bool = False,
) -> HTTPRouteHandler:
    name = path.rpartition("/")[2]

    @get(
        f"{path}.{file_format}",
        tags=["Lists as files"],
        guards=[guard],
        summary=f"The list {name} as {file_format.name}",
        media_type=file_format.media_type,
        dependencies={"read": Provide(provide, sync_to_thread=False)}
        | ({"new": Provide(_provide_told, sync_to_thread=False)} if of_people else {}),
    )
    async def file(
        request: Request[Account, Any, Any],
        desk: NamedDependency[Desk],
        read: NamedDependency[Any],
        new: NamedDependency[NewExport | None] = None,
    ) -> Stream:
        """All of the list that meets the filters, as a download; of people it is told in the ledger of exports."""
        layout = layout_of(name.capitalize(), columns, nested=file_format.nested)
        if new is not None:
            filters = {key: str(value) for key, value in request.query_params.items() if key != "purpose"}
            told = {"columns": [*layout.headers], "format": file_format, "filters": {"list": path, **filters}}
            new = replace(new, **told)
        return await desk.give(name, FileKind(layout, file_format, with_notices=False), read, new)

    return file


def _provide_told(settings: NamedDependency[ApiSettings], purpose: PurposeWords = None) -> NewExport:
    """What the ledger is told of a list that names people.

    Raises:
        PurposeRequiredError: it does not say what for, and must.
    """
    check_purpose(purpose, required=settings.export_purpose_required)
    return NewExport("people", "", Preset.PLAIN, raw=False, columns=[], filters={}, purpose=purpose or None)


_LISTS = (
    partial(_list_file, "/jobs", JOBS, provide_job_rows),
    partial(_list_file, "/documents", DOCUMENTS, provide_document_rows),
    partial(_list_file, "/links", LINKS, provide_link_rows),
    partial(_list_file, "/suppressions", SUPPRESSIONS, provide_suppression_rows),
    partial(_list_file, "/exports/ledger", LEDGER, provide_ledger_rows, guard=admin),
    partial(_list_file, "/audit", AUDIT, provide_audit_rows, guard=admin),
    partial(_list_file, "/keys", KEYS, provide_key_rows),
    partial(_list_file, "/users", USERS, provide_user_rows, guard=admin),
    partial(_list_file, "/schedules", SCHEDULES, provide_schedule_rows),
    partial(_list_file, "/searches", SEARCHES, provide_search_rows),
    partial(_list_file, "/people/tombstones", TOMBSTONES, provide_tombstone_rows),
    partial(_list_file, "/people/changes", CHANGES, provide_change_rows, of_people=True),
    partial(_list_file, "/people/duplicates", DUPLICATES, provide_duplicate_rows, of_people=True),
)
list_routes = Router(
    "/api/v1",
    dependencies={
        "desk": Provide(provide_desk, sync_to_thread=False),
        **{name: Provide(provide, sync_to_thread=False) for name, provide in _PROVIDERS.items()},
    },
    route_handlers=[make(file_format) for make in _LISTS for file_format in (Format.CSV, Format.JSON)],
)
