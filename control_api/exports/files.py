"""Routes of files of people and schools, one for each format: such as `/staff.csv` and `/schools.parquet`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from control_api.auth.guards import viewer
from control_api.exports.downloads import Desk
from control_api.exports.drafts import FileKind
from control_api.exports.formats.known import Format, Look
from control_api.exports.layout import Preset
from control_api.exports.ledger import check_purpose, told
from control_api.exports.people import people_layout, people_wanted
from control_api.exports.schemas import PURPOSE_WORDS
from control_api.exports.schools import schools_layout
from control_api.schools.controller import SCHOOL_FILTERS, provide_schools
from control_api.schools.service import SchoolService
from control_api.settings import ApiSettings
from control_api.staff.controller import PEOPLE_FILTERS, provide_staff
from control_api.staff.service import StaffService
from storage.accounts import Account
from storage.database import Database
from storage.filters import SchoolFilter, StaffFilter

Columns = Annotated[
    Preset, QueryParameter(name="preset", description="All columns, those of a Salesforce Lead, or those of a letter.")
]
Raw = Annotated[
    bool | None,
    QueryParameter(description="Text as it is, also where a spreadsheet might evaluate it. Default: for salesforce."),
]
Bom = Annotated[bool, QueryParameter(description="CSV begins with a byte order mark, by which Excel knows UTF-8.")]
PurposeWords = Annotated[str | None, QueryParameter(max_length=500, description=PURPOSE_WORDS)]


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is wanted."""

    preset: Preset
    look: Look
    purpose: str | None


def provide_options(
    settings: NamedDependency[ApiSettings],
    columns: Columns = Preset.PLAIN,
    raw: Raw = None,
    bom: Bom = False,
    purpose: PurposeWords = None,
) -> Options:
    """How a request's query wants its file.

    Raises:
        PurposeRequiredError: it does not say what for, and must.
    """
    check_purpose(purpose, required=settings.export_purpose_required)
    return Options(columns, Look(columns.raw if raw is None else raw, bom), purpose or None)


def provide_school_options(
    settings: NamedDependency[ApiSettings],
    raw: FromQuery[bool] = False,
    bom: Bom = False,
    purpose: PurposeWords = None,
) -> Options:
    """The same for schools, which have one preset."""
    return provide_options(settings, Preset.PLAIN, raw, bom, purpose)


def provide_desk(database: NamedDependency[Database], account: NamedDependency[Account]) -> Desk:
    """Where the account that asks gets its files."""
    return Desk(database, account)


def _people_file(file_format: Format) -> HTTPRouteHandler:
    @get(
        f"/staff.{file_format}",
        tags=["Staff"],
        summary=f"People as {file_format.name}",
        media_type=file_format.media_type,
        dependencies={
            **PEOPLE_FILTERS,
            "staff": Provide(provide_staff, sync_to_thread=False),
            "options": Provide(provide_options, sync_to_thread=False),
        },
    )
    async def people(
        desk: NamedDependency[Desk],
        staff: NamedDependency[StaffService],
        searched: NamedDependency[StaffFilter],
        options: NamedDependency[Options],
    ) -> Stream:
        """All people who meet the filters, a line for each school they work at or each once, as a download."""
        nested = file_format.nested and options.preset is Preset.PLAIN
        kind = FileKind(people_layout(options.preset, nested=nested), file_format, options.look)
        read = partial(staff.batch, people_wanted(searched, options.preset), evidence=nested)
        return await desk.give("staff", kind, read, told(kind, options.preset, searched, options.purpose))

    return people


def _school_file(file_format: Format) -> HTTPRouteHandler:
    @get(
        f"/schools.{file_format}",
        tags=["Schools"],
        summary=f"Schools as {file_format.name}",
        media_type=file_format.media_type,
        dependencies={
            **SCHOOL_FILTERS,
            "schools": Provide(provide_schools, sync_to_thread=False),
            "options": Provide(provide_school_options, sync_to_thread=False),
        },
    )
    async def schools(
        desk: NamedDependency[Desk],
        schools: NamedDependency[SchoolService],
        searched: NamedDependency[SchoolFilter],
        options: NamedDependency[Options],
    ) -> Stream:
        """All schools that meet the filters, as a download."""
        kind = FileKind(schools_layout(), file_format, options.look)
        read = partial(schools.batch, searched)
        return await desk.give("schools", kind, read, told(kind, options.preset, searched, options.purpose))

    return schools


file_routes = Router(
    "/api/v1",
    guards=[viewer],
    dependencies={"desk": Provide(provide_desk, sync_to_thread=False)},
    route_handlers=[make(file_format) for make in (_people_file, _school_file) for file_format in Format],
)
