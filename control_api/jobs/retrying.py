"""An ended job, asked for again: only what of it failed, where it has parts, else all of it."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.jobs.accepting import kept_request
from control_api.jobs.schemas import DiscoverWebsites, HarvestStaff, JobRequest, PushLeads
from storage.priority import Priority
from storage.retries import check_did_not_succeed, has_parts


async def retry_request(connection: AsyncConnection, job: Row[*tuple[Any, ...]]) -> JobRequest:
    """The request that tries an ended job again.

    Of a crawl the schools that failed or were not come to, of a push the people whose errors may have passed. A job
    without parts, or one that ended before it had chosen them, is asked for as it was.

    Raises:
        ConflictError: nothing of it failed, or an earlier version made it and its request is good no more.
    """
    body = {"kind": job.kind, "params": job.params, "priority": Priority.of(job.priority)}
    request = kept_request(body | ({"budget": job.budget} if job.budget else {}))
    params = request.params
    if not isinstance(params, DiscoverWebsites | HarvestStaff | PushLeads) or not await has_parts(connection, job):
        check_did_not_succeed(job)
        return request
    if isinstance(params, PushLeads):
        left = PushLeads(connection_id=params.connection_id, campaign_id=params.campaign_id, retry_of=job.id)
    else:
        left = type(params)(again=params.again, retry_of=job.id)
    return msgspec.structs.replace(request, params=left)
