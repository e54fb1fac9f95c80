"""`pipeline`: one child job after the other. It never waits in a slot: each child's end queues it for its next step."""

from __future__ import annotations

from typing import Any

import msgspec

from control_api.jobs.schemas import Pipeline
from control_api.work.attempt import Attempt, WorkError
from storage.jobs import FINAL, JobKind, JobState, NewJob, children_of, create_job
from storage.leases import FencedStep, Settlement, fenced, settle_in

STEPS = (JobKind.EXTRACT_SCHOOLS, JobKind.DISCOVER_WEBSITES, JobKind.HARVEST_STAFF, JobKind.EXPORT_LEADS)


async def run_pipeline(attempt: Attempt) -> Settlement | None:
    """Looks how far the children are and starts the next one; None when it settled the attempt with that child.

    The child is made in the transaction that lets go of the lease, so that there is never one without the other.
    """
    params = msgspec.convert(attempt.lease.params, Pipeline)
    async with fenced(attempt.database, attempt.lease) as step:
        children = await children_of(step.connection, attempt.lease.job_id)
        for child in children:
            if child.state not in FINAL:
                await settle_in(step.connection, attempt.lease, Settlement(JobState.WAITING))
                return None
            if child.state != JobState.SUCCEEDED:
                return _broken_off(child)
        if len(children) == len(STEPS):
            return Settlement(JobState.SUCCEEDED, result={str(child.kind): child.result for child in children})
        await _start_next(step, len(children), params)
    return None


async def _start_next(step: FencedStep, ended: int, params: Pipeline) -> None:
    lease, kind = step.lease, STEPS[ended]
    await step.advance(done=ended, total=len(STEPS))
    if await settle_in(step.connection, lease, Settlement(JobState.WAITING)) != JobState.WAITING:
        return  # its user wishes otherwise; a resumed pipeline comes back here
    child_id, _ = await create_job(
        step.connection,
        NewJob(
            lease.organization_id,
            lease.user_id,
            kind,
            _params_of(kind, params),
            parent_id=lease.job_id,
            step=ended + 1,
        ),
    )
    await step.event(
        "step_started", step=ended + 1, steps=len(STEPS), kind=kind, child=str(child_id), done=ended, total=len(STEPS)
    )


def _params_of(kind: JobKind, params: Pipeline) -> dict[str, Any]:
    document: dict[str, Any] = {"document_id": str(params.document_id)}
    if kind is JobKind.EXTRACT_SCHOOLS and params.state:
        document["state"] = params.state
    if kind is JobKind.EXPORT_LEADS and params.purpose:
        document["purpose"] = params.purpose
    return document


def _broken_off(child: Any) -> Settlement:
    if child.state == JobState.CANCELLED:
        return Settlement(JobState.CANCELLED, reason=f"step {child.step} ({child.kind}) was {child.reason}")
    raise WorkError(
        child.error_code or "STEP_FAILED", f"Step {child.step} of {len(STEPS)} ({child.kind}) failed: {child.reason}"
    )
