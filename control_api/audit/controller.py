"""The route of the audit log."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from control_api.audit.schemas import AuditView
from control_api.auth.guards import admin
from control_api.pages import Limit, Moment, Page, PageCursor, decode_cursor, known_time, page_of
from storage.accounts import Account
from storage.audit import Act, AuditFilter, find_audit
from storage.database import Database

Outcome = Annotated[Literal["done", "refused"] | None, QueryParameter(description="Only what was done, or refused.")]
ByName = Annotated[str | None, QueryParameter(max_length=100, description="The user's name as it was then.")]


def provide_wanted(
    act: FromQuery[Act | None] = None,
    user: ByName = None,
    outcome: Outcome = None,
    since: Moment = None,
    until: Moment = None,
) -> AuditFilter:
    """The entries that a request's query asks for."""
    return AuditFilter(act, user, outcome, known_time(since, "since"), known_time(until, "until"))


class AuditController(Controller):
    """`/api/v1/audit`."""

    path = "/api/v1/audit"
    tags = ("Audit log",)
    guards = (admin,)
    dependencies = {"wanted": Provide(provide_wanted, sync_to_thread=False)}  # noqa: RUF012  Litestar declares it so

    @get("/", summary="The audit log, the newest first")
    async def page(
        self,
        database: NamedDependency[Database],
        account: NamedDependency[Account],
        wanted: NamedDependency[AuditFilter],
        cursor: PageCursor = None,
        limit: Limit = 50,
    ) -> Page[AuditView]:
        """Lists who did what: sign-ins, users, keys, budgets, exports, people, decisions, schedules, webhooks, jobs.

        Nobody can change or delete an entry.
        """
        async with database.tenant(account.organization_id) as connection:
            found = await find_audit(connection, wanted, after=decode_cursor(cursor, int), most=limit + 1)
        return page_of(
            found,
            limit,
            item=lambda entry: msgspec.convert(entry, AuditView, from_attributes=True),
            key=lambda last: last.id,
        )
