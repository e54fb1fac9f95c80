"""One upload of a push, from `creating` to `collected`: each step is stored before the next one is begun.

    creating ─▶ created ─▶ uploading ─▶ uploaded ─▶ closed ─▶ ended ─▶ collected
                    └──────────┴────────────┴──▶ void (nothing came of it; its people go into another upload)

Salesforce works on data only when its job is closed, and the job is closed only when it is stored that the data has
arrived. So an attempt that died while sending leaves data that nobody works on: its job is aborted, and only then are
its people sent again. One that died between closing and storing that looks at the job and goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Row

from control_api.salesforce.bulk import ENDED, BulkIngest, IngestInfo, IngestState, NewIngest, ResultKind, csv_content
from control_api.salesforce.errors import SalesforceRefusedError
from control_api.salesforce.mapping import LeadMapping
from control_api.salesforce.settings import SalesforceSettings
from control_api.salesforce.verdicts import verdict
from control_api.work.attempt import Attempt
from storage.leases import FencedStep, fenced
from storage.pushes import (
    BatchState,
    PushPerson,
    count_rows,
    known_ingests,
    mark_rows,
    move_batch,
    people_to_send,
    store_results,
    suppressed_among,
    take_members,
    void_batch,
    without_answer,
)
from storage.suppression import hold_list

Batch = Row[*tuple[Any, ...]]
Result = TypeVar("Result")
RESULTS_AT_ONCE = 1_000
"""Answers that are stored in one transaction."""
LOOKING_SECONDS = 120.0
"""How long one attempt watches an upload that Salesforce works on; then it gives its slot to others for a while."""
_CLOCKS_DIFFER = timedelta(minutes=5)


class StillWorkingError(Exception):
    """Salesforce has not ended its work on an upload."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What leads become members of."""

    id: str
    status: str | None


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads of one attempt at a push.

    Args:
        attempt: whose lease fences every write.
        bulk: the org's ingest jobs.
        mapping: what is sent of a person.
        settings: how large uploads are, how often Salesforce is looked at.
        campaign: for uploads of members.
        assignment_rule_id: who is to own new leads.
    """

    attempt: Attempt
    bulk: BulkIngest
    mapping: LeadMapping
    settings: SalesforceSettings
    campaign: Campaign | None
    assignment_rule_id: str | None

    async def step(self, batch: Batch) -> None:
        """Takes an upload one step on.

        Raises:
            SalesforceUnavailableError: not now; the same step later is right.
            StillWorkingError: the same, and nothing is wrong.
            SalesforceRefusedError: Salesforce does not take it.
        """
        steps = {
            BatchState.CREATING: self._create,
            BatchState.CREATED: self._send,
            BatchState.UPLOADING: self._give_up,
            BatchState.UPLOADED: self._close,
            BatchState.CLOSED: self._watch,
            BatchState.ENDED: self._collect,
        }
        await steps[BatchState(batch.state)](batch)

    async def _create(self, batch: Batch) -> None:
        new = self._asked(batch)
        if batch.requested_at is not None:
            await self._abort_lost(batch, new)
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            batch = await move_batch(step.connection, batch, BatchState.CREATING, requested_at=datetime.now(UTC))
        made = await asyncio.to_thread(self.bulk.create, new)
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            await move_batch(step.connection, batch, BatchState.CREATED, ingest_id=made.id)

    async def _abort_lost(self, batch: Batch, new: NewIngest) -> None:
        """Aborts the jobs that Salesforce may have made when its answer was not stored; nothing was sent to them."""
        until = batch.requested_at + timedelta(seconds=self.settings.timeout_seconds) + _CLOCKS_DIFFER
        left = await asyncio.to_thread(self.bulk.left_open, new, batch.requested_at - _CLOCKS_DIFFER, until)
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            known = await known_ingests(step.connection, [job.id for job in left])
        for job in left:
            if job.id not in known:
                await asyncio.to_thread(self.bulk.abort, job.id)

    async def _send(self, batch: Batch) -> None:
        async with self._writing() as step:
            content, rows = await self._taken(step, batch)
            if rows:
                digest = hashlib.sha256(content).hexdigest()
                values = {"rows": rows, "size_bytes": len(content), "sha256": digest}
                batch = await move_batch(step.connection, batch, BatchState.UPLOADING, **values)
        if not rows:
            await self._give_up(batch)
            return
        try:
            await asyncio.to_thread(self.bulk.upload, batch.ingest_id, content)
        except SalesforceRefusedError:
            state = await self._state(batch)
            if state in {IngestState.OPEN, IngestState.UPLOAD_COMPLETE}:
                raise  # it is the data that Salesforce does not take
            await self._give_up(batch)  # somebody aborted the job
            return
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            await move_batch(step.connection, batch, BatchState.UPLOADED)
            await step.event("progress", **await self._progress(step), upload=batch.number, sent=rows)

    async def _taken(self, step: FencedStep, batch: Batch) -> tuple[bytes, int]:
        """The data of an upload, and how many rows it has; they are its own from now on."""
        if batch.object == "CampaignMember":
            return await self._taken_members(step, batch)
        people = await people_to_send(step.connection, batch.job_id, self.settings.batch_rows)
        marks, rows = await weigh(step, people, self.mapping)
        sent = [mark for mark in marks if mark["state"] == "ready"]
        content, taken = csv_content(self.mapping.header, (rows[mark["number"]] for mark in sent))
        left = {mark["number"] for mark in sent[taken:]}  # they find no room, and wait for the next upload
        for mark in sent[:taken]:
            mark |= {"state": "sent", "batch": batch.number}
        await mark_rows(step.connection, batch.job_id, (mark for mark in marks if mark["number"] not in left))
        await step.advance(done=(await self._progress(step))["done"])
        return content, taken

    async def _taken_members(self, step: FencedStep, batch: Batch) -> tuple[bytes, int]:
        campaign = self.campaign
        if campaign is None:
            return b"", 0
        keys = [key for key, _ in await take_members(step.connection, batch, self.settings.batch_rows)]
        status = [campaign.status] if campaign.status else []
        header = ["CampaignId", f"Lead.{self.mapping.key_field}", *(["Status"] if status else [])]
        return csv_content(header, ([campaign.id, key, *status] for key in keys))

    async def _give_up(self, batch: Batch) -> None:
        """Aborts a job that was not closed; once that is certain its people wait for another upload."""
        state = await self._state(batch, abort=True)
        if state == IngestState.OPEN:
            raise SalesforceRefusedError(f"Salesforce does not abort the job {batch.ingest_id} of this upload.")
        async with self._writing() as step:
            if state in {IngestState.ABORTED, IngestState.FAILED, None}:
                await void_batch(step.connection, batch)
            else:  # somebody closed it by hand: what was sent is being worked on
                await move_batch(step.connection, batch, BatchState.CLOSED)

    async def _close(self, batch: Batch) -> None:
        try:
            state: str | None = (await asyncio.to_thread(self.bulk.close, batch.ingest_id)).state
        except SalesforceRefusedError:
            state = await self._state(batch)  # an earlier attempt closed it, or somebody aborted it
        if state == IngestState.OPEN:
            raise SalesforceRefusedError(f"Salesforce does not close the job {batch.ingest_id} of this upload.")
        if state in {IngestState.ABORTED, None}:
            await self._give_up(batch)
            return
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            await move_batch(step.connection, batch, BatchState.CLOSED)

    async def _watch(self, batch: Batch) -> None:
        until, pause = time.monotonic() + LOOKING_SECONDS, min(0.5, self.settings.poll_seconds)
        while True:
            info = await self._info(batch)
            if info is None or info.state in ENDED:
                break
            if self.attempt.stop.is_set():
                return
            if time.monotonic() > until:
                raise StillWorkingError(f"Salesforce is still working on upload {batch.number} ({batch.ingest_id}).")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.attempt.stop.wait(), pause)
            pause = min(1.5 * pause, self.settings.poll_seconds)
        values = (
            {"outcome": "Deleted"}
            if info is None
            else {
                "outcome": info.state,
                "error": info.error_message,
                "processed": info.number_records_processed,
                "failed": info.number_records_failed,
            }
        )
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            await move_batch(step.connection, batch, BatchState.ENDED, **values)

    async def _collect(self, batch: Batch) -> None:
        """Stores the answer of every row, as the results arrive; those without one are told, too."""
        members = batch.object == "CampaignMember"
        if batch.outcome != "Deleted":
            await self._store(batch, "successfulResults", lambda row: self._delivered(row, members=members))
            await self._store(batch, "failedResults", lambda row: self._refused(row, members=members))
            await self._store(batch, "unprocessedrecords", lambda row: _unprocessed(batch, self._key(row)))
        async with self._writing() as step:
            left = await without_answer(step.connection, batch, members=members)
            said = [
                _told(key, "error", "NO_ANSWER", "Salesforce said nothing of this row.", again=True) for key in left
            ]
            await store_results(step.connection, batch, said, members=members)
            await move_batch(step.connection, batch, BatchState.COLLECTED)
            progress = await self._progress(step)
            await step.advance(done=progress["done"])
            await step.event(
                "progress", **progress, upload=batch.number, processed=batch.processed, failed=batch.failed
            )

    async def _store(self, batch: Batch, kind: ResultKind, told: Callable[[dict[str, str]], dict[str, Any]]) -> None:
        results = self.bulk.results(batch.ingest_id, kind)
        members = batch.object == "CampaignMember"
        while some := await asyncio.to_thread(lambda: list(islice(results, RESULTS_AT_ONCE))):
            async with self._writing() as step:
                await store_results(step.connection, batch, [told(row) for row in some], members=members)

    def _delivered(self, row: dict[str, str], *, members: bool) -> dict[str, Any]:
        if members:
            return _told(self._key(row), "member")
        is_new = row.get("sf__Created", "").casefold() == "true"
        return _told(self._key(row), "created" if is_new else "updated") | {"lead_id": row.get("sf__Id") or None}

    def _refused(self, row: dict[str, str], *, members: bool) -> dict[str, Any]:
        values = (value for name, value in row.items() if not name.startswith("sf__"))
        return {"key": self._key(row), **verdict(row.get("sf__Error", ""), values, member=members)}

    def _key(self, row: dict[str, str]) -> str:
        """The external id of a result, whose columns may come back in other letter case."""
        wanted = {self.mapping.key_field.casefold(), f"lead.{self.mapping.key_field}".casefold()}
        return next((value for name, value in row.items() if name and name.casefold() in wanted), "")

    def _asked(self, batch: Batch) -> NewIngest:
        if batch.object == "CampaignMember":
            return NewIngest("CampaignMember", "insert")
        return NewIngest("Lead", "upsert", self.mapping.key_field, self.assignment_rule_id)

    async def _state(self, batch: Batch, *, abort: bool = False) -> str | None:
        """The state of an upload's job, after trying to abort it; None where Salesforce has forgotten it."""
        if not abort:
            info = await self._info(batch)
            return info.state if info else None
        try:
            return (await asyncio.to_thread(self.bulk.abort, batch.ingest_id)).state
        except SalesforceRefusedError as error:
            if error.http_status != 404:
                raise
            return None

    async def _info(self, batch: Batch) -> IngestInfo | None:
        try:
            return await asyncio.to_thread(self.bulk.info, batch.ingest_id)
        except SalesforceRefusedError as error:
            if error.http_status != 404:
                raise
            return None  # jobs are deleted after seven days

    async def _progress(self, step: FencedStep) -> dict[str, int]:
        total = await count_rows(step.connection, step.lease.job_id)
        return {"done": total - await count_rows(step.connection, step.lease.job_id, "pending", "sent"), "total": total}

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[FencedStep]:
        """A fenced transaction that writes rows, and therefore holds the suppression list."""
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            await hold_list(step.connection, step.lease.organization_id, to_change=False)
            yield step


async def weigh(
    step: FencedStep, people: list[PushPerson], mapping: LeadMapping
) -> tuple[list[dict[str, Any]], dict[int, list[str]]]:
    """Who of these people is sent: a mark for each row, and the values of those who are `ready`.

    The caller holds the suppression list.
    """
    suppressed = await suppressed_among(step.connection, people)
    marks, rows = list[dict[str, Any]](), dict[int, list[str]]()
    for person in people:
        mark: dict[str, Any] = {"number": person.number, "state": "skipped"}
        marks.append(mark)
        if person.number in suppressed:
            mark |= {"state": "suppressed", "code": "SUPPRESSED", "message": suppressed[person.number]}
        elif person.staff_id is None:
            mark["code"] = "GONE"
        elif (row := mapping.row(person)).missing is not None:
            mark |= {"code": "NOTHING_TO_SEND", "message": f"{row.missing} would be empty."}
        else:
            mark |= {"state": "ready", "payload_hash": row.payload_hash, "changed": row.changed}
            rows[person.number] = row.values
    return marks, rows


def _told(
    key: str, state: str, code: str | None = None, message: str | None = None, *, again: bool = False
) -> dict[str, Any]:
    return {"key": key, "state": state, "code": code, "message": message, "retryable": again}


def _unprocessed(batch: Batch, key: str) -> dict[str, Any]:
    # A job that failed for its data fails for the same data again.
    again = batch.outcome == IngestState.ABORTED or not str(batch.error or "").startswith(("Invalid", "ClientInput"))
    words = batch.error or f"The upload ended as {batch.outcome} before this row."
    return _told(key, "error", "UNPROCESSED", words, again=again)
