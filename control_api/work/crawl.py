"""`discover_websites`, `harvest_staff`, `reextract_staff`: chooses schools, runs a spider as a child, counts outcomes.

The spider stores what it finds itself, fenced by this attempt's lease. Its exit code says nothing; what counts is the
table of targets, and the finish reason that the spider wrote to the attempt's row. Schools that it leaves for a browser
get a second process, which has one: each can be killed alone, and takes up only what the table says is left for it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Awaitable, Callable
from tempfile import TemporaryDirectory

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.jobs.schemas import DiscoverWebsites, HarvestStaff, ReextractStaff
from control_api.work.attempt import Attempt, WorkError
from control_api.work.crawl_report import crawl_result
from control_api.work.journals import TravellingJournal
from control_api.work.launcher import Spider
from control_api.work.shards import gather_shards, part_crawl
from storage.budgets import BUDGET_SPENT, FIGURES, crawl_limits, spent_figure, used_by_job
from storage.hosts import leave_hosts
from storage.jobs import JobState
from storage.leases import Settlement, fenced
from storage.models import JobAttempt
from storage.targets import (
    SchoolSelection,
    left_targets,
    plan_discovery,
    plan_harvest,
    plan_reextraction,
    reextraction_figures,
    target_counts,
)

_PARTS = {False: "", True: "-browser"}
"""What the files of a crawl's process are called by, without a browser and with one."""
FATAL_FINISH = {
    "contact_missing": (
        "OPERATOR_CONTACT_MISSING",
        (
            "No school's site is crawled without a contact of its operator: set TITLE1_CRAWL_CONTACT to your e-mail "
            "address or web page and start the job again."
        ),
    ),
}


async def discover_websites(attempt: Attempt) -> Settlement | None:
    """Finds the official websites of the chosen schools."""
    params = msgspec.convert(attempt.lease.params, DiscoverWebsites)
    lease = attempt.lease

    async def plan(connection: AsyncConnection) -> None:
        await plan_discovery(
            connection,
            organization_id=lease.organization_id,
            job_id=lease.job_id,
            selection=SchoolSelection(params.document_id, params.school_ids, params.state, params.retry_of),
            again=params.again,
        )

    return await _crawl(attempt, "website_discovery", plan)


async def harvest_staff(attempt: Attempt) -> Settlement | None:
    """Reads the staff on the accepted websites of the chosen schools."""
    params = msgspec.convert(attempt.lease.params, HarvestStaff)
    lease = attempt.lease

    async def plan(connection: AsyncConnection) -> None:
        await plan_harvest(
            connection,
            organization_id=lease.organization_id,
            job_id=lease.job_id,
            selection=SchoolSelection(params.document_id, params.school_ids, params.state, params.retry_of),
            fresh_days=0 if params.again else attempt.settings.harvest_fresh_days,
        )

    return await _crawl(attempt, "staff_directory", plan)


async def reextract_staff(attempt: Attempt) -> Settlement | None:
    """Reads the pages that a harvest has kept again; its spider asks nobody for anything."""
    harvest_id = msgspec.convert(attempt.lease.params, ReextractStaff).job_id
    lease = attempt.lease

    async def plan(connection: AsyncConnection) -> None:
        await plan_reextraction(
            connection, organization_id=lease.organization_id, job_id=lease.job_id, harvest_id=harvest_id
        )

    settlement = await _crawl(attempt, "staff_replay", plan)
    if settlement is None or settlement.state is not JobState.SUCCEEDED:
        return settlement
    async with attempt.database.tenant(lease.organization_id) as connection:
        figures = await reextraction_figures(connection, lease.job_id, harvest_id)
    return dataclasses.replace(settlement, result=settlement.result | figures)


async def _crawl(
    attempt: Attempt, spider: str, plan: Callable[[AsyncConnection], Awaitable[None]]
) -> Settlement | None:
    if attempt.lease.checkpoint.get("shards"):
        return await gather_shards(attempt)
    attempt.launcher.prepare()
    if not attempt.lease.checkpoint.get("planned"):
        async with fenced(attempt.database, attempt.lease) as step:
            await plan(step.connection)
            counts = await target_counts(step.connection, attempt.lease.job_id)
            done, total = sum(counts.values()) - counts.get("pending", 0), sum(counts.values())
            await step.advance(done=done, total=total, checkpoint={"planned": True})
            await step.event("progress", done=done, total=total)
    if not attempt.lease.checkpoint.get("undivided") and await part_crawl(attempt):
        return None
    for in_browser in (False, True):
        if not await _has_work(attempt, in_browser=in_browser):
            continue
        await _run_spider(attempt, spider, in_browser=in_browser)
        if attempt.stop.is_set() or attempt.lost.is_set() or await _has_work(attempt, in_browser=in_browser):
            break
    pending, finish_reason = await _state(attempt)
    if pending:
        if finish_reason == BUDGET_SPENT:
            return await _spent(attempt, pending)
        return _unfinished(attempt, pending, finish_reason)
    async with attempt.database.system() as connection:
        await leave_hosts(connection, attempt.lease.job_id)
    for part in _PARTS.values():
        await TravellingJournal(attempt, part).drop()
    return Settlement(JobState.SUCCEEDED, result=await crawl_result(attempt))


async def _has_work(attempt: Attempt, *, in_browser: bool) -> bool:
    """Whether schools are left for the process with a browser, or for the one without."""
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        left = await left_targets(connection, lease.job_id)
        pending = (await target_counts(connection, lease.job_id)).get("pending", 0)
    return left > 0 if in_browser else pending > left


async def _spent(attempt: Attempt, pending: int) -> Settlement:
    """The end of a crawl that has used what it may, with what came of it until then."""
    lease = attempt.lease
    limits = crawl_limits(lease.budget)
    async with attempt.database.tenant(lease.organization_id) as connection:
        used = await used_by_job(connection, lease.job_id)
    async with attempt.database.system() as connection:
        await leave_hosts(connection, lease.job_id)
    figure = spent_figure(limits, used) or next(iter(limits))
    reason = (
        f"The budget of {limits[figure]:,.0f} {FIGURES[figure]} is spent ({used[figure]:,.0f} used); "
        f"{pending:,} schools are left. What was stored stays; `retry` goes on with those."
    )
    result = {**await crawl_result(attempt), "budget": {"limits": limits, "used": used}}
    return Settlement(JobState.FAILED, reason=reason, error_code="BUDGET_SPENT", result=result)


def _unfinished(attempt: Attempt, pending: int, finish_reason: str | None) -> Settlement:
    if finish_reason in FATAL_FINISH:
        raise WorkError(*FATAL_FINISH[finish_reason])
    if attempt.stop.is_set():
        return Settlement(JobState.QUEUED)
    return Settlement(
        JobState.QUEUED,
        reason=f"the spider ended ({finish_reason or 'it was killed or crashed'}) with {pending} schools unfinished",
        error_code="SCRAPING_ERROR",
        failure=True,
    )


async def _state(attempt: Attempt) -> tuple[int, str | None]:
    """How many schools are pending, and what this attempt's spider gave as its reason to stop."""
    lease = attempt.lease
    async with attempt.database.tenant(lease.organization_id) as connection:
        finish_reason = await connection.scalar(
            select(JobAttempt.finish_reason).where(
                JobAttempt.job_id == lease.job_id, JobAttempt.number == lease.attempt
            )
        )
        return (await target_counts(connection, lease.job_id)).get("pending", 0), finish_reason


async def _run_spider(attempt: Attempt, spider: str, *, in_browser: bool) -> None:
    """Runs the spider to its end, or until the attempt must stop; no process of it is left afterwards."""
    lease = attempt.lease
    part = _PARTS[in_browser]
    journal = TravellingJournal(attempt, part)
    await journal.take_up()
    async with attempt.database.tenant(lease.organization_id) as connection:
        # What an earlier process of this attempt said is not this one's reason to stop.
        await connection.execute(
            update(JobAttempt)
            .where(JobAttempt.job_id == lease.job_id, JobAttempt.number == lease.attempt)
            .values(finish_reason=None)
        )
    with (
        (journal.folder.parent / f"attempt-{lease.attempt}{part}.log").open("wb") as log,
        # A browser that is killed leaves its profile behind.
        TemporaryDirectory(prefix="title1-", ignore_cleanup_errors=True) as scratch,
    ):
        process = await attempt.launcher.launch(
            [
                spider,
                f"job={lease.job_id}",
                f"attempt={lease.attempt}",
                *(["browser=1"] if in_browser else []),
                "-s",
                f"JOBDIR={journal.folder}",
            ],
            environment={**os.environ, "DATABASE_URL": attempt.database.url, "TMPDIR": scratch},
            log=log,
        )
        try:
            await _wait(attempt, process)
        finally:
            process.close()
    if await _has_work(attempt, in_browser=in_browser):
        await journal.leave()


async def _wait(attempt: Attempt, process: Spider) -> None:
    """Waits for the spider's end, or ends it; nothing of it runs afterwards."""
    ended = asyncio.create_task(process.wait())
    waits = {ended, asyncio.create_task(attempt.stop.wait()), asyncio.create_task(attempt.lost.wait())}
    try:
        async with asyncio.timeout(attempt.settings.crawl_wall_seconds):
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        pass  # stopped like any other; counts as a failure only if no school ended since the last one
    finally:
        if not ended.done() and not attempt.lost.is_set():
            process.terminate()
            await asyncio.wait({ended}, timeout=attempt.settings.stop_seconds)
        await process.kill()
        for task in waits:
            task.cancel()
