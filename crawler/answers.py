"""Answers as they are kept: all that the reading of a page depends on, so that it can be read again without its site.

A harvest for a job hands them on with its pages, and `crawler.pipelines.store` stores both in one transaction;
`crawler.spiders.staff_replay` makes responses of them again. Only jobs keep anything: by hand there is no database, and
this is not even imported.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from scrapy.http import Headers, HtmlResponse, Response

from crawler.job_session import JobSession
from crawler.visits import Step
from storage.kept_pages import LARGEST_BODY_BYTES, PackedBody, body_of, pack_body, pages_of_school
from storage.settings import StorageSettings


@dataclass(slots=True)
class KeptAnswer:
    """What answered a step of a visit, on its way to the store."""

    step: Step
    url: str
    """The address that answered in the end."""
    status: int
    content_type: str | None
    html: bool
    """Whether the crawl took it for a web page."""
    body: PackedBody


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page that a harvest read for a school, as it comes from the store."""

    step: Step
    url: str
    status: int
    content_type: str | None
    html: bool
    sha256: str
    fetched_at: datetime


def are_kept() -> bool:
    """Whether the operator wants pages to be kept at all."""
    return StorageSettings().kept_pages_days > 0


async def kept_answer(response: Response, step: Step) -> KeptAnswer | None:
    """The answer as it is kept; None for one that is larger than a crawl reads."""
    if len(response.body) > LARGEST_BODY_BYTES:
        return None
    declared = response.headers.get(b"Content-Type")
    return KeptAnswer(
        msgspec.structs.replace(step, otherwise=[]),
        response.url,
        response.status,
        declared.decode("latin-1") if declared else None,
        isinstance(response, HtmlResponse),
        # Beside the crawl: zlib lets go of the interpreter while it works.
        await asyncio.to_thread(pack_body, response.body),
    )


async def load_pages(session: JobSession, harvest: UUID, school: str) -> list[KeptPage]:
    """The pages that a harvest read for a school, in the order in which it did."""
    async with session.database.tenant(session.lease.organization_id) as connection:
        rows = await pages_of_school(connection, harvest, int(school))
    return [
        KeptPage(
            msgspec.convert(row.step, Step),
            row.url,
            row.http_status,
            row.content_type,
            row.html,
            row.sha256,
            row.fetched_at,
        )
        for row in rows
    ]


async def load_response(session: JobSession, school: str, page: KeptPage) -> Response | None:
    """The response that a page came as; None where its bytes are kept no more."""
    async with session.database.tenant(session.lease.organization_id) as connection:
        body = await body_of(connection, int(school), page.sha256)
    if body is None:
        return None
    headers = Headers({"Content-Type": page.content_type} if page.content_type else {})
    kind = HtmlResponse if page.html else Response
    return kind(page.url, status=page.status, headers=headers, body=body)
