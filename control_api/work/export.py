"""`export_leads`: writes the people found to a file in the blob store, school by school.

The file is written anew from its first line by each attempt, under a name of the attempt's own. The transaction that
ends the job gives it its place: there the job's result names it, the ledger of exports tells it, and the suppression
list, held meanwhile, has no entry that the file does not heed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import msgspec

from control_api.exports.drafts import Draft, FileKind
from control_api.exports.formats.known import Look
from control_api.exports.layout import Preset
from control_api.exports.ledger import told
from control_api.exports.people import people_layout, people_wanted
from control_api.jobs.people import chosen_people
from control_api.jobs.schemas import ExportLeads
from control_api.work.attempt import Attempt, WorkError
from storage.errors import LeaseLostError
from storage.exports import tell_job_file
from storage.filters import StaffFilter
from storage.jobs import JobState
from storage.leads import LeadFilter, count_leads, lead_batch
from storage.leases import Settlement, fenced, settle_in
from storage.search import PageKey
from storage.suppression import entries_since, newest_entry

EVENT_SECONDS = 0.5
"""Between two events of progress at least."""
ROUNDS = 5
"""How often a file is written before its job gives way to a suppression list that keeps growing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written."""

    people: StaffFilter
    preset: Preset
    kind: FileKind
    purpose: str | None

    @property
    def leads(self) -> LeadFilter:
        """The lines of the file."""
        return people_wanted(self.people, self.preset)

    @property
    def evidence(self) -> bool:
        """Whether a line has where its values were seen."""
        return "evidence" in self.kind.layout.headers


async def export_leads(attempt: Attempt) -> Settlement | None:
    """Writes the file and ends the job with it; again, if somebody was suppressed meanwhile.

    Raises:
        WorkError: the suppression list does not stand still for as long as the file takes.
    """
    wanted = _wanted(msgspec.convert(attempt.lease.params, ExportLeads))
    await _remove_earlier(attempt, wanted)
    for _ in range(ROUNDS):
        async with attempt.database.tenant(attempt.lease.organization_id) as connection:
            mark = await newest_entry(connection, attempt.lease.organization_id)
        async with Draft(wanted.kind) as draft:
            if not await _fill(attempt, wanted, draft):
                return Settlement(JobState.QUEUED)
            await draft.finish()
            await asyncio.to_thread(attempt.blobs.put_file, _blob(attempt, wanted), await draft.take_all())
            if await _settled(attempt, wanted, draft, mark):
                return None
            await asyncio.to_thread(attempt.blobs.remove, _blob(attempt, wanted))
    raise WorkError(
        "SUPPRESSIONS_CHANGING",
        f"The suppression list grew each of {ROUNDS} times while the file was written. Export again when that is over.",
    )


def _wanted(params: ExportLeads) -> Wanted:
    nested = params.format.nested and params.preset is Preset.PLAIN
    look = Look(params.preset.raw if params.raw is None else params.raw, params.bom)
    kind = FileKind(people_layout(params.preset, nested=nested), params.format, look)
    return Wanted(chosen_people(params), params.preset, kind, params.purpose)


async def _fill(attempt: Attempt, wanted: Wanted, draft: Draft) -> bool:
    """Writes all leads; False when stopped before the end."""
    organization_id = attempt.lease.organization_id
    async with attempt.database.tenant(organization_id) as connection:
        total = await count_leads(connection, wanted.leads)
    after: PageKey | None = None
    told_at = 0.0
    while True:
        async with attempt.database.tenant(organization_id) as connection:
            rows, after = await lead_batch(connection, wanted.leads, after=after, evidence=wanted.evidence)
        await draft.add(rows)
        if after is None:
            break
        if attempt.stop.is_set():
            return False
        if time.monotonic() - told_at >= EVENT_SECONDS:
            await _tell(attempt, draft.rows, max(total, draft.rows))
            told_at = time.monotonic()
    await _tell(attempt, draft.rows, draft.rows)
    return True


async def _tell(attempt: Attempt, rows: int, total: int) -> None:
    async with fenced(attempt.database, attempt.lease) as step:
        await step.advance(done=rows, total=total)
        await step.event("progress", done=rows, total=total, rows=rows)


async def _settled(attempt: Attempt, wanted: Wanted, draft: Draft, mark: int) -> bool:
    """Ends the job with the file; False, and nothing is ended, if the suppression list has grown since `mark`."""
    lease, blob, facts = attempt.lease, _blob(attempt, wanted), draft.facts
    result = {
        "blob": blob,
        "filename": f"leads.{wanted.kind.format}",
        "format": str(wanted.kind.format),
        "preset": str(wanted.preset),
        "rows": facts.rows,
        "size_bytes": facts.size_bytes,
        "sha256": facts.sha256,
        "job_id": str(lease.job_id),
    }
    line = told(wanted.kind, wanted.preset, wanted.people, wanted.purpose, job_id=lease.job_id)
    try:
        async with attempt.database.tenant(lease.organization_id) as connection:
            # The list before the job, as the crawl's batches do not: they hold other jobs' rows, and share the list.
            await newest_entry(connection, lease.organization_id)
            if await entries_since(connection, mark):
                return False
            await settle_in(connection, lease, Settlement(JobState.SUCCEEDED, result=result))
            await tell_job_file(connection, lease.organization_id, lease.user_id, line, facts, suppression_id=mark)
    except LeaseLostError:
        await asyncio.to_thread(attempt.blobs.remove, blob)
        raise
    return True


def _blob(attempt: Attempt, wanted: Wanted, number: int | None = None) -> str:
    """The name of the file that an attempt writes; a frozen one that wakes up cannot touch another's."""
    number = attempt.lease.attempt if number is None else number
    return f"exports/{attempt.lease.job_id}/{number}/leads.{wanted.kind.format}"


async def _remove_earlier(attempt: Attempt, wanted: Wanted) -> None:
    """Removes the files of attempts that were killed before they could end the job."""
    for number in range(1, attempt.lease.attempt):
        await asyncio.to_thread(attempt.blobs.remove, _blob(attempt, wanted, number))
