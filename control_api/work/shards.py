"""A crawl of many schools runs as shards: child jobs that any worker on any machine takes.

The whole waits like a pipeline does, without a slot: the end of each shard queues it for a look at the others. Shards
end for themselves, so one that fails takes none of the others with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from control_api.work.attempt import Attempt
from control_api.work.crawl_report import crawl_result
from storage.jobs import FINAL, JobKind, JobState, NewJob, children_of, create_job
from storage.leases import FencedStep, Settlement, fenced, settle_in
from storage.shards import move_targets, pending_parts
from storage.targets import target_counts

_UNDIVIDED = {"planned": True, "undivided": True}
"""The checkpoint of a crawl that one process does."""


async def part_crawl(attempt: Attempt) -> bool:
    """Gives a planned crawl of many schools to shards; True if the attempt is settled with that.

    Shards, their schools and the end of this attempt are one transaction.
    """
    async with fenced(attempt.database, attempt.lease) as step:
        parts = await pending_parts(step.connection, attempt.lease.job_id, attempt.settings.shard_schools)
        if len(parts) < 2:
            await step.advance(checkpoint=_UNDIVIDED)
            return False
        if await settle_in(step.connection, attempt.lease, Settlement(JobState.WAITING)) == JobState.WAITING:
            await _make_shards(step, parts)  # a crawl that is paused just now comes back here
    return True


async def _make_shards(step: FencedStep, parts: Sequence[Sequence[int]]) -> None:
    lease = step.lease
    await step.advance(checkpoint={"planned": True, "shards": len(parts)})
    for number, school_ids in enumerate(parts, 1):
        shard_id, _ = await create_job(
            step.connection,
            NewJob(
                lease.organization_id,
                lease.user_id,
                JobKind(lease.kind),
                lease.params,
                parent_id=lease.job_id,
                step=number,
                checkpoint=_UNDIVIDED,
                total=len(school_ids),
            ),
        )
        await move_targets(step.connection, lease.job_id, shard_id, school_ids)
    await step.event("parted", shards=len(parts), schools=sum(map(len, parts)))


async def gather_shards(attempt: Attempt) -> Settlement | None:
    """Looks how far the shards are; None when the attempt was settled to wait for the rest of them."""
    async with fenced(attempt.database, attempt.lease) as step:
        shards = await children_of(step.connection, attempt.lease.job_id)
        counts = await target_counts(step.connection, attempt.lease.job_id)
        total, pending = sum(counts.values()), counts.get("pending", 0)
        ended = [shard for shard in shards if shard.state in FINAL]
        await step.advance(done=total - pending, total=total)
        await step.event("progress", done=total - pending, total=total, shards_ended=len(ended), shards=len(shards))
        if len(ended) < len(shards):
            await settle_in(step.connection, attempt.lease, Settlement(JobState.WAITING))
            return None
    result = await crawl_result(attempt)
    broken = [shard for shard in shards if shard.state != JobState.SUCCEEDED]
    if not broken:
        return Settlement(JobState.SUCCEEDED, result=result)
    words = f"{len(broken)} of {len(shards)} shards did not succeed, and {pending} schools wait"
    first = broken[0]
    reason = f"{words}; the first: shard {first.step} ({first.state}): {first.reason}"
    failed = next((shard for shard in broken if shard.state == JobState.FAILED), None)
    if failed is None:
        return Settlement(JobState.CANCELLED, reason=reason, result=result)
    return Settlement(JobState.FAILED, reason=reason, error_code=failed.error_code or "SHARD_FAILED", result=result)
