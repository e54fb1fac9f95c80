"""How a request becomes a job: checked, written and told in the caller's transaction, whoever asks.

People ask over the API, schedules by their cron lines, and both for an ended job again. What is checked is the same.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from control_api.exports.ledger import check_purpose
from control_api.jobs.people import chosen_people, with_saved
from control_api.jobs.schemas import (
    ChosenPeople,
    DiscoverWebsites,
    HarvestStaff,
    JobRequest,
    Params,
    Pipeline,
    PushLeads,
    ReextractStaff,
)
from extraction.errors import UnknownPlaceError
from extraction.places import state_code
from storage.accounts import Account
from storage.audit import Act, record
from storage.documents import get_document
from storage.errors import ConflictError, NotFoundError
from storage.jobs import JobKind, NewJob, create_job
from storage.kept_pages import check_readable_again
from storage.models import School
from storage.pushes import check_worth_retrying
from storage.retries import check_schools_left
from storage.salesforce import get_connection


async def checked_request(
    connection: AsyncConnection, account: Account, request: JobRequest, *, purpose_required: bool
) -> JobRequest:
    """The request with its state as two letters and its saved search by id still, if it can be followed now.

    Raises:
        UnknownPlaceError: there is no such state, ZIP or point.
        PurposeRequiredError: an export does not say what it is for, and must.
        NotFoundError: there is no such document, school or job in this organization.
        SavedSearchInvalidError: the saved search is of schools, or good no more.
        ConflictError: the job named has no pages to read again, or nothing to try again.
    """
    asked = with_state_code(request.params)
    params = await with_saved(connection, account, asked)
    if isinstance(params, ChosenPeople):
        chosen_people(params)
    if isinstance(params, ChosenPeople | Pipeline):
        check_purpose(params.purpose, required=purpose_required)
    await _check_exists(connection, kind_of(request), params)
    return msgspec.structs.replace(request, params=asked)


async def accept_request(
    connection: AsyncConnection,
    account: Account,
    request: JobRequest,
    *,
    limit: int,
    purpose_required: bool,
    **origin: Any,
) -> tuple[UUID, bool]:
    """Makes the job that an account asks for, with its first event and its line in the audit log.

    Args:
        connection: a tenant's transaction.
        account: in whose name it runs.
        request: what is asked for.
        limit: unfinished jobs a user may have.
        purpose_required: whether exports must say what they are for.
        origin: of `NewJob` the idempotency key, the schedule, the job that is tried again.

    Returns:
        The job's id, and whether it was made by this call.

    Raises:
        UnknownPlaceError, PurposeRequiredError, NotFoundError, SavedSearchInvalidError, ConflictError: see
            `checked_request`.
        TaskLimitExceededError: the user has too many unfinished jobs.
        ConflictError: the idempotency key stands for another request.
    """
    request = await checked_request(connection, account, request, purpose_required=purpose_required)
    params = await with_saved(connection, account, request.params)
    new = NewJob(
        organization_id=account.organization_id,
        user_id=account.user_id,
        kind=kind_of(request),
        params=msgspec.to_builtins(params),
        priority=request.priority,
        budget=msgspec.to_builtins(getattr(request, "budget", None)) or None,
        **origin,
    )
    job_id, created = await create_job(connection, new, limit=limit)
    if created and isinstance(request.params, ChosenPeople):
        saved = {"saved": str(request.params.saved)} if request.params.saved else {}
        await record(connection, Act.EXPORT, account, about=("job", job_id), detail=new.params | saved)
    return job_id, created


def kept_request(body: dict[str, Any]) -> JobRequest:
    """A request as it was kept: of a schedule, or of an ended job.

    Raises:
        ConflictError: an earlier version kept it, and it is good no more.
    """
    try:
        request: JobRequest = msgspec.convert(body, JobRequest)
    except msgspec.ValidationError as error:
        raise ConflictError(
            f"What was asked for then is no good request any more ({error}). Ask for it anew."
        ) from error
    return request


def with_state_code(params: Params) -> Params:
    """The parameters with the state as its two letters.

    Raises:
        UnknownPlaceError: there is no such state.
    """
    if isinstance(params, ReextractStaff) or params.state is None:
        return params
    code = state_code(params.state)
    if code is None:
        raise UnknownPlaceError(f"There is no state {params.state!r}. Give its two letters or its name, such as TX.")
    return msgspec.structs.replace(params, state=code)


def kind_of(request: JobRequest) -> JobKind:
    """The kind of job that a request asks for."""
    return JobKind(str(request.__struct_config__.tag))


async def _check_exists(connection: AsyncConnection, kind: JobKind, params: Params) -> None:
    if isinstance(params, ReextractStaff):
        await check_readable_again(connection, params.job_id)
        return
    if isinstance(params, PushLeads):
        await get_connection(connection, params.connection_id)
        if params.retry_of is not None:
            await check_worth_retrying(connection, params.retry_of)
    if isinstance(params, DiscoverWebsites | HarvestStaff) and params.retry_of is not None:
        await check_schools_left(connection, params.retry_of, kind)
    if params.document_id is not None:
        await get_document(connection, params.document_id)
    wanted = getattr(params, "school_ids", None)
    if wanted:
        known = set(await connection.scalars(select(School.id).where(School.id.in_(wanted))))
        if unknown := [str(school_id) for school_id in wanted if school_id not in known]:
            raise NotFoundError(f"There is no school {', '.join(unknown[:10])}.")
