"""`push_leads`: sends people to Salesforce, each exactly once, and keeps what came of every one.

    login, describe, mapping checked ─▶ people chosen (once) ─▶ uploads of leads ─▶ uploads of campaign members

The people and the mapping are chosen once and stored; `control_api.work.uploads` takes each upload through its steps.
While Salesforce does not answer, the job waits with the reason, and no attempt counts as failed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from control_api.jobs.people import chosen_people
from control_api.jobs.schemas import PushLeads
from control_api.salesforce.bulk import BulkIngest, IngestState
from control_api.salesforce.client import SalesforceClient
from control_api.salesforce.connections import check_records, client_of
from control_api.salesforce.errors import SalesforceError, SalesforceUnavailableError
from control_api.salesforce.mapping import LeadMapping, check_mapping
from control_api.salesforce.secrets import SecretBox
from control_api.salesforce.settings import SalesforceSettings
from control_api.salesforce.verdicts import AGAIN_AT_ONCE
from control_api.work.attempt import Attempt, WorkError
from control_api.work.uploads import Batch, Campaign, StillWorkingError, Uploads, weigh
from storage.errors import NotFoundError
from storage.jobs import JobState
from storage.leases import FencedStep, Settlement, fenced
from storage.models import Job
from storage.pushes import (
    add_batch,
    batches_of,
    changed_fields,
    choose_people,
    choose_retryable,
    count_rows,
    counts_of,
    has_members_to_send,
    mark_rows,
    open_batch,
    people_to_send,
    try_again,
)
from storage.salesforce import get_connection
from storage.suppression import hold_list

MOST_TRIES = 3
"""Uploads that a row is in at most, where its error passes by itself."""
MOST_VOID = 20
"""Uploads of one push that may come to nothing; then somebody or something keeps aborting them."""
LONGEST_WAIT_SECONDS = 900.0
WORKING_SECONDS = 30.0
"""Until Salesforce is looked at again that was still working."""
_REHEARSED_AT_ONCE = 1_000


class Plan(msgspec.Struct, frozen=True):
    """What a push does, as it was when its people were chosen; changes of the connection do not reach it."""

    mapping: dict[str, str | None]
    key_field: str
    campaign_id: str | None
    campaign_status: str | None
    assignment_rule_id: str | None


async def push_leads(attempt: Attempt) -> Settlement:
    """Goes on with the push where it stands."""
    params = msgspec.convert(attempt.lease.params, PushLeads)
    settings = SalesforceSettings()
    client: SalesforceClient | None = None
    try:
        client, plan = await _prepared(attempt, params, settings)
        return await _Push(attempt, params, settings, client, plan).run()
    except SalesforceUnavailableError as error:
        return await _waiting(attempt, error, settings)
    except StillWorkingError as error:
        return Settlement(JobState.QUEUED, reason=str(error), wait_seconds=WORKING_SECONDS)
    except SalesforceError as error:
        raise WorkError(error.code, error.message) from error
    finally:
        if client is not None:
            client.close()


async def _prepared(attempt: Attempt, params: PushLeads, settings: SalesforceSettings) -> tuple[SalesforceClient, Plan]:
    """The connection's client, and the plan: the stored one, or what the connection says now."""
    try:
        async with attempt.database.tenant(attempt.lease.organization_id) as connection:
            row = await get_connection(connection, params.connection_id)
    except NotFoundError as error:
        raise WorkError("SALESFORCE_CONNECTION", "The connection was deleted; make one and push again.") from error
    client = client_of(row, SecretBox(settings, attempt.storage_settings), settings)
    if "plan" in attempt.lease.checkpoint:
        return client, msgspec.convert(attempt.lease.checkpoint["plan"], Plan)
    campaign_id = params.campaign_id or row.campaign_id
    return client, Plan(row.mapping, row.key_field, campaign_id, row.campaign_status, row.assignment_rule_id)


async def _waiting(attempt: Attempt, error: SalesforceUnavailableError, settings: SalesforceSettings) -> Settlement:
    """The end of an attempt during an outage: twice as long a wait as the last one, as long as nothing moves."""
    async with fenced(attempt.database, attempt.lease) as step:
        checkpoint = await _checkpoint(step)
        waits = int(checkpoint.get("waits", 0)) + 1
        await step.advance(checkpoint=checkpoint | {"waits": waits})
    seconds = error.wait_seconds or min(settings.outage_seconds * 2.0 ** min(waits - 1, 20), LONGEST_WAIT_SECONDS)
    reason = f"waits for Salesforce: {error.message}"
    return Settlement(JobState.QUEUED, reason=reason, error_code=error.code, wait_seconds=seconds)


@dataclass(frozen=True, slots=True)
class _Push:
    """One attempt at a push."""

    attempt: Attempt
    params: PushLeads
    settings: SalesforceSettings
    client: SalesforceClient
    plan: Plan

    async def run(self) -> Settlement:
        mapping = await asyncio.to_thread(self._checked)
        await self._choose()
        if self.params.dry_run:
            return await self._rehearse(mapping)
        plan = self.plan
        campaign = Campaign(plan.campaign_id, plan.campaign_status) if plan.campaign_id else None
        bulk = BulkIngest(self.client)
        uploads = Uploads(self.attempt, bulk, mapping, self.settings, campaign, plan.assignment_rule_id)
        waited = "waits" in self.attempt.lease.checkpoint
        while not self.attempt.stop.is_set():
            batch = await self._next()
            if batch is None:
                return await self._ended(mapping)
            await uploads.step(batch)
            if waited:
                await self._moves_again()
                waited = False
        return Settlement(JobState.QUEUED)

    def _checked(self) -> LeadMapping:
        """The mapping, checked with what else the plan names before anything is sent."""
        plan, client = self.plan, self.client
        mapping = check_mapping(plan.mapping, plan.key_field, client.describe("Lead"))
        check_records(client, plan.campaign_id, plan.assignment_rule_id)
        return mapping

    async def _choose(self) -> None:
        """Chooses the people, once for all attempts; whoever is found later belongs to another push."""
        lease = self.attempt.lease
        async with fenced(self.attempt.database, lease) as step:
            checkpoint = await _checkpoint(step)
            if "plan" in checkpoint:
                return
            await hold_list(step.connection, lease.organization_id, to_change=False)
            await self._insert(step, lease.organization_id, lease.job_id)
            total = await count_rows(step.connection, lease.job_id)
            plan = {"plan": msgspec.to_builtins(self.plan)}
            await step.advance(done=0, total=total, checkpoint=checkpoint | plan)
            await step.event("progress", done=0, total=total)

    async def _moves_again(self) -> None:
        """Forgets the waits: the next outage begins with a short one."""
        async with fenced(self.attempt.database, self.attempt.lease) as step:
            checkpoint = await _checkpoint(step)
            checkpoint.pop("waits", None)
            await step.advance(checkpoint=checkpoint)

    async def _insert(self, step: FencedStep, organization_id: UUID, job_id: UUID) -> None:
        if self.params.retry_of is not None:
            await choose_retryable(step.connection, organization_id, job_id, retry_of=self.params.retry_of)
            return
        await choose_people(step.connection, organization_id, job_id, chosen_people(self.params))

    async def _next(self) -> Batch | None:
        """The upload at work, or a new one while there is somebody to send; None at the end."""
        lease = self.attempt.lease
        async with fenced(self.attempt.database, lease) as step:
            if (batch := await open_batch(step.connection, lease.job_id)) is not None:
                return batch
            await hold_list(step.connection, lease.organization_id, to_change=False)
            await try_again(step.connection, lease.job_id, AGAIN_AT_ONCE, MOST_TRIES)
            kind = None
            if await count_rows(step.connection, lease.job_id, "pending"):
                kind = "Lead"
            elif self.plan.campaign_id and await has_members_to_send(step.connection, lease.job_id):
                kind = "CampaignMember"
            if kind is None:
                return None
            void = sum(batch.state == "void" for batch in await batches_of(step.connection, lease.job_id))
            if void >= MOST_VOID:
                raise WorkError("SALESFORCE_UPLOAD_FAILED", f"{void} uploads were aborted before they were complete.")
            return await add_batch(step.connection, lease.organization_id, lease.job_id, kind)

    async def _rehearse(self, mapping: LeadMapping) -> Settlement:
        """Weighs everybody as if they were sent."""
        lease = self.attempt.lease
        total = lease.total
        while not self.attempt.stop.is_set():
            async with fenced(self.attempt.database, lease) as step:
                await hold_list(step.connection, lease.organization_id, to_change=False)
                people = await people_to_send(step.connection, lease.job_id, _REHEARSED_AT_ONCE)
                if not people:
                    break
                marks, _ = await weigh(step, people, mapping)
                await mark_rows(step.connection, lease.job_id, marks)
                total = await count_rows(step.connection, lease.job_id)
                done = total - await count_rows(step.connection, lease.job_id, "pending")
                await step.advance(done=done, total=total)
                await step.event("progress", done=done, total=total)
        else:
            return Settlement(JobState.QUEUED)
        return Settlement(JobState.SUCCEEDED, result=await self._result(mapping))

    async def _ended(self, mapping: LeadMapping) -> Settlement:
        lease = self.attempt.lease
        result = await self._result(mapping)
        async with fenced(self.attempt.database, lease) as step:
            batches = await batches_of(step.connection, lease.job_id)
            total = await count_rows(step.connection, lease.job_id)
            await step.advance(done=total, total=total)
        broken = [batch for batch in batches if batch.outcome in {IngestState.FAILED, IngestState.ABORTED}]
        if broken:
            words = broken[0].error or f"it was {str(broken[0].outcome).lower()}"
            reason = f"Salesforce ended {len(broken)} of {len(batches)} uploads early: {words}"
            return Settlement(JobState.FAILED, reason=reason, error_code="SALESFORCE_UPLOAD_FAILED", result=result)
        return Settlement(JobState.SUCCEEDED, result=result)

    async def _result(self, mapping: LeadMapping) -> dict[str, Any]:
        """What came of everybody, in numbers."""
        lease = self.attempt.lease
        async with self.attempt.database.tenant(lease.organization_id) as connection:
            counts = await counts_of(connection, lease.job_id)
            changed = await changed_fields(connection, lease.job_id)
            batches = await batches_of(connection, lease.job_id)
        states, codes, members = dict[str, int](), dict[str, int](), dict[str, int]()
        again = 0
        for state, member, code, retryable, count in counts:
            states[state] = states.get(state, 0) + count
            if code:
                codes[code] = codes.get(code, 0) + count
            if member:
                members[member] = members.get(member, 0) + count
            again += count if retryable else 0
        return {
            "dry_run": self.params.dry_run,
            "people": sum(states.values()),
            "states": dict(sorted(states.items())),
            "codes": dict(sorted(codes.items(), key=lambda item: -item[1])),
            "members": members,
            "retryable": again,
            "changed": changed,
            "notes": mapping.notes,
            "uploads": sum(batch.state == "collected" for batch in batches),
        }


async def _checkpoint(step: FencedStep) -> dict[str, Any]:
    """The job's checkpoint as it is stored now."""
    return dict(await step.connection.scalar(select(Job.checkpoint).where(Job.id == step.lease.job_id)) or {})
