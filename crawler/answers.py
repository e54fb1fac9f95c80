"""Answers as they are kept: all that the reading of a page depends on, so that it can be read again without its site.

A harvest for a job hands them on with its pages, and `crawler.pipelines.store` stores both in one transaction;
`crawler.spiders.staff_replay` makes responses of them again. Only jobs keep anything: by hand there is no database, and
this is not even imported.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from scrapy.http import Headers, HtmlResponse, Response

from crawler.job_session import JobSession
from crawler.visits import Step
from storage.kept_pages import (
    LARGEST_BODY_BYTES,
    KnownPage,
    PackedBody,
    body_of,
    known_pages,
    pack_body,
    pages_of_school,
    schools_with_known_pages,
)
from storage.settings import StorageSettings

LONGEST_VALIDATOR = 256
"""Bytes; longer ETags are not stored, and shortened they would be others."""
_ENTITY_TAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_HTTP_DATE = re.compile(rb"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


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
    etag: str | None = None
    """As printed, where a later harvest may ask with it whether the page has changed."""
    last_modified: str | None = None


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


async def kept_answer(response: Response, step: Step, *, comparable: bool) -> KeptAnswer | None:
    """The answer as it is kept; None for one that is larger than a crawl reads.

    Only where it is `comparable` a later harvest may ask whether it has changed.
    """
    if len(response.body) > LARGEST_BODY_BYTES:
        return None
    declared = response.headers.get(b"Content-Type")
    etag, last_modified = validators_of(response) if comparable else (None, None)
    return KeptAnswer(
        msgspec.structs.replace(step, otherwise=[]),
        response.url,
        response.status,
        declared.decode("latin-1") if declared else None,
        isinstance(response, HtmlResponse),
        # Beside the crawl: zlib lets go of the interpreter while it works.
        await asyncio.to_thread(pack_body, response.body),
        etag,
        last_modified,
    )


def validators_of(response: Response) -> tuple[str | None, str | None]:
    """The ETag and Last-Modified of an answer, as printed; None for what must not or cannot be sent back.

    A site that lets nobody store a page (`no-store`) is asked for it in full each time. What is no entity tag by RFC
    9110 (8.8.3) is left out: sent as a condition, a bare `*` would match every page, and a comma makes two tags of one.
    """
    if b"no-store" in b",".join(response.headers.getlist(b"Cache-Control")).lower():
        return None, None
    etag = response.headers.get(b"ETag") or b""
    modified = response.headers.get(b"Last-Modified") or b""
    return (
        etag.decode("latin-1") if len(etag) <= LONGEST_VALIDATOR and _ENTITY_TAG.fullmatch(etag) else None,
        modified.decode("ascii") if _HTTP_DATE.fullmatch(modified) else None,
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
    kind = HtmlResponse if page.html else Response
    return kind(page.url, status=page.status, headers=_headers({"Content-Type": page.content_type}), body=body)


async def load_schools_with_known_pages(session: JobSession) -> set[int]:
    """The schools of the job of which `load_known_pages` may find some pages."""
    async with session.database.tenant(session.lease.organization_id) as connection:
        return await schools_with_known_pages(connection, session.lease.job_id)


async def load_known_pages(session: JobSession, school: str) -> dict[str, KnownPage]:
    """The pages of a school about which its site can be asked whether they have changed, by their addresses."""
    async with session.database.tenant(session.lease.organization_id) as connection:
        return {page.url: page for page in await known_pages(connection, int(school))}


async def load_unchanged(session: JobSession, school: str, page: KnownPage, told: Response) -> Response | None:
    """The answer that a site need not send again, as if it had; None where its bytes are kept no more.

    Its validators stay those that were sent: of these the site has just said that they match. What it may print beside
    its 304 (Apache leaves out the `-gzip` of a tag there) is not always what it printed with the page.
    """
    async with session.database.tenant(session.lease.organization_id) as connection:
        body = await body_of(connection, int(school), page.sha256)
    if body is None:
        return None
    headers = _headers({"Content-Type": page.content_type, "ETag": page.etag, "Last-Modified": page.last_modified})
    headers.setlist(b"Cache-Control", told.headers.getlist(b"Cache-Control"))
    kind = HtmlResponse if page.html else Response
    return kind(page.url, headers=headers, body=body)


def _headers(printed: dict[str, str | None]) -> Headers:
    return Headers({name: value.encode("latin-1") for name, value in printed.items() if value})
