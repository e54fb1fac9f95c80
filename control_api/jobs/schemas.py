"""What can be asked for and what is told about it: the parameters of each kind of job, and jobs as the API shows them.

One parameter model a kind, used by the API's body, the command line and the worker alike.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from control_api.exports.formats.known import Format
from control_api.exports.layout import Preset
from control_api.exports.schemas import Purpose
from storage.jobs import JobKind, JobState

SchoolIds = Annotated[list[int], msgspec.Meta(min_length=1, max_length=10_000, description="Schools by id.")]
State = Annotated[str, msgspec.Meta(min_length=2, max_length=40, description="A state, by its letters or its name.")]
Filter = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ExtractSchools(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read the schools out of a document."""

    document_id: UUID
    state: State | None = None
    """The state of schools whose rows do not name one; default: what the document's title says."""


class DiscoverWebsites(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Find the official websites of the schools chosen; with nothing chosen, of all."""

    document_id: UUID | None = None
    school_ids: SchoolIds | None = None
    state: State | None = None
    again: bool = False
    """Also look at schools whose website is known."""


class HarvestStaff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read the staff on the websites of the schools chosen; with nothing chosen, of all."""

    document_id: UUID | None = None
    school_ids: SchoolIds | None = None
    state: State | None = None
    again: bool = False
    """Also visit schools that were read not long ago."""


class ReextractStaff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read the pages that a harvest has kept again, without asking their sites."""

    job_id: UUID
    """The harvest; it must have ended."""


class ChosenPeople(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which people leave; with nothing chosen, all."""

    document_id: UUID | None = None
    school_ids: SchoolIds | None = None
    state: State | None = None
    county: Filter | None = None
    district: Filter | None = None
    title1_status: Filter | None = None
    near: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    """A ZIP, or latitude,longitude in degrees: people at schools around it."""
    radius: Annotated[float, msgspec.Meta(gt=0, le=500)] | None = None
    """Of `near`, in miles; default: 25."""
    q: Filter | None = None
    """Beginnings of words that must all occur in name or title."""
    role: Filter | None = None
    subject: Filter | None = None
    grade: Filter | None = None
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seen_since: datetime | None = None
    only_with_email: bool = False
    purpose: Purpose | None = None


class ExportLeads(ChosenPeople, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write the people chosen to a file."""

    format: Format = Format.CSV
    preset: Preset = Preset.PLAIN
    raw: bool | None = None
    """Text as it is, also where a spreadsheet might evaluate it; default: for Salesforce only."""
    bom: bool = False
    """Whether CSV begins with a byte order mark, by which Excel knows UTF-8."""


class PushLeads(ChosenPeople, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send the people chosen to Salesforce."""

    connection_id: UUID
    dry_run: bool = False
    """Log in, check the mapping, choose the people and say what would be sent; send nothing."""
    campaign_id: Annotated[str, msgspec.Meta(pattern=r"^701[a-zA-Z0-9]{12}([a-zA-Z0-9]{3})?$")] | None = None
    """The campaign they become members of; default: the connection's."""
    retry_of: UUID | None = None
    """A push that has ended: only its people for whom trying again may help."""


class Pipeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All steps for one document: its schools, their websites, their staff, the leads."""

    document_id: UUID
    state: State | None = None
    purpose: Purpose | None = None


Params = ExtractSchools | DiscoverWebsites | HarvestStaff | ReextractStaff | ExportLeads | PushLeads | Pipeline

PARAMS_OF_KIND: dict[JobKind, type[Params]] = {
    JobKind.EXTRACT_SCHOOLS: ExtractSchools,
    JobKind.DISCOVER_WEBSITES: DiscoverWebsites,
    JobKind.HARVEST_STAFF: HarvestStaff,
    JobKind.REEXTRACT_STAFF: ReextractStaff,
    JobKind.EXPORT_LEADS: ExportLeads,
    JobKind.PUSH_LEADS: PushLeads,
    JobKind.PIPELINE: Pipeline,
}


class ExtractSchoolsRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="extract_schools"
):
    """Asks for the kind `extract_schools`."""

    params: ExtractSchools


class DiscoverWebsitesRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="discover_websites"
):
    """Asks for the kind `discover_websites`."""

    params: DiscoverWebsites


class HarvestStaffRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="harvest_staff"
):
    """Asks for the kind `harvest_staff`."""

    params: HarvestStaff


class ReextractStaffRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="reextract_staff"
):
    """Asks for the kind `reextract_staff`."""

    params: ReextractStaff


class ExportLeadsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="export_leads"):
    """Asks for the kind `export_leads`."""

    params: ExportLeads


class PushLeadsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="push_leads"):
    """Asks for the kind `push_leads`."""

    params: PushLeads


class PipelineRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="pipeline"):
    """Asks for the kind `pipeline`."""

    params: Pipeline


JobRequest = (
    ExtractSchoolsRequest
    | DiscoverWebsitesRequest
    | HarvestStaffRequest
    | ReextractStaffRequest
    | ExportLeadsRequest
    | PushLeadsRequest
    | PipelineRequest
)


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One try at a job."""

    number: int
    worker_id: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    finish_reason: str | None


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands; what its states mean is told with `storage.jobs.JobState`."""

    id: UUID
    kind: JobKind
    state: JobState
    desired: Literal["run", "pause", "cancel"]
    """What its user wishes; a running job follows at its next checkpoint."""
    reason: str | None
    error_code: str | None
    params: dict[str, Any]
    result: dict[str, Any]
    attempt: int
    failures: int
    done: int
    total: int | None
    last_seq: int
    """Number of its newest event."""
    user: str
    parent_id: UUID | None
    step: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    run_after: datetime
    """When a queued job is tried at the earliest."""
    children: list[JobView] = []
    attempts: list[AttemptView] = []
    """Only where one job is shown."""
