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
from control_api.searches.schemas import PeopleSearch, SchoolIds, State
from storage.jobs import JobKind, JobState
from storage.priority import Priority


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
    retry_of: UUID | None = None
    """A crawl of this kind that has ended: only its schools that failed or were not come to."""


class HarvestStaff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read the staff on the websites of the schools chosen; with nothing chosen, of all."""

    document_id: UUID | None = None
    school_ids: SchoolIds | None = None
    state: State | None = None
    again: bool = False
    """Also visit schools that were read not long ago."""
    retry_of: UUID | None = None
    """A crawl of this kind that has ended: only its schools that failed or were not come to."""


class ReextractStaff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read the pages that a harvest has kept again, without asking their sites."""

    job_id: UUID
    """The harvest; it must have ended."""


class ChosenPeople(PeopleSearch, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which people leave; with nothing chosen, all."""

    saved: UUID | None = None
    """A saved search, read when the job is made; filters that are given take the place of its own."""
    only_with_email: bool = False
    """The same as `has_email`, which it goes before."""
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


class LlmBudget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What models may cost the job; the page stays as it was read where a question could pass it."""

    llm_dollars: Annotated[float, msgspec.Meta(ge=0, le=100_000)] | None = None


class CrawlBudget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a crawl may use, over all its shards and attempts; when that is spent, it ends with the reason."""

    pages: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    """Requests, with those for redirects and robots.txt."""
    bytes: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    """Of answers, as they came."""
    seconds: Annotated[int, msgspec.Meta(ge=1, le=10**9)] | None = None
    """That its spiders run; those of shards that run at the same time add up."""


class HarvestBudget(CrawlBudget, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a harvest may use."""

    llm_dollars: Annotated[float, msgspec.Meta(ge=0, le=100_000)] | None = None


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    priority: Priority = Priority.NORMAL
    """Whose turn comes first among the jobs that wait."""


class ExtractSchoolsRequest(_Request, frozen=True, forbid_unknown_fields=True, tag="extract_schools"):
    """Asks for the kind `extract_schools`."""

    params: ExtractSchools
    budget: LlmBudget | None = None


class DiscoverWebsitesRequest(_Request, frozen=True, forbid_unknown_fields=True, tag="discover_websites"):
    """Asks for the kind `discover_websites`."""

    params: DiscoverWebsites
    budget: CrawlBudget | None = None


class HarvestStaffRequest(_Request, frozen=True, forbid_unknown_fields=True, tag="harvest_staff"):
    """Asks for the kind `harvest_staff`."""

    params: HarvestStaff
    budget: HarvestBudget | None = None


class ReextractStaffRequest(_Request, frozen=True, forbid_unknown_fields=True, tag="reextract_staff"):
    """Asks for the kind `reextract_staff`."""

    params: ReextractStaff


class ExportLeadsRequest(_Request, frozen=True, forbid_unknown_fields=True, tag="export_leads"):
    """Asks for the kind `export_leads`."""

    params: ExportLeads


class PushLeadsRequest(_Request, frozen=True, forbid_unknown_fields=True, tag="push_leads"):
    """Asks for the kind `push_leads`."""

    params: PushLeads


class PipelineRequest(_Request, frozen=True, forbid_unknown_fields=True, tag="pipeline"):
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


class JobFilter(msgspec.Struct, frozen=True):
    """Which jobs are asked for; all that is given must hold."""

    state: JobState | None = None
    kind: JobKind | None = None
    priority: Priority | None = None
    schedule_id: UUID | None = None


class ChangedJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a job that has not ended is to be another."""

    priority: Priority


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One try at a job."""

    number: int
    worker_id: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    finish_reason: str | None
    """What its spider gave as its reason to stop."""
    used: dict[str, float] | None
    """What of the job's budget it has used: `pages`, `bytes`, `seconds`; null where the job has none."""


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
    priority: Priority
    budget: dict[str, Any] | None
    """What it may use; null: what the settings allow."""
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
    schedule_id: UUID | None
    """The schedule that asked for it."""
    retry_of: UUID | None
    """The job that it tries again."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    run_after: datetime
    """When a queued job is tried at the earliest."""
    children: list[JobView] = []
    attempts: list[AttemptView] = []
    """Only where one job is shown."""
