"""Files as answers: of any size, read in batches, each in a short transaction of its own, and told in the ledger.

What a batch reads was not suppressed when it was read; so nobody who was suppressed before a download began is in it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar.response import Stream
from litestar.types import Receive, Scope, Send

from control_api.exports.drafts import Draft, FileKind
from control_api.exports.notices import NOTICES_PATH
from storage.accounts import Account
from storage.audit import Act, record
from storage.database import Database
from storage.exports import FileFacts, NewExport, begin_download, end_download

Batch = tuple[Sequence[object], Any]
"""Some records, and where the next ones begin; None at the end."""
Read = Callable[[Any], Awaitable[Batch]]
"""Gives the batch that begins there; None: the first."""
End = Callable[[bool], Awaitable[None]]
"""Is told whether everything was sent."""


class Download(Stream):
    """The response that is a file. However it ends, that is told when its last byte was sent or refused."""

    def __init__(self, chunks: AsyncGenerator[bytes], end: End, *, media_type: str, headers: dict[str, str]) -> None:
        shown = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
        # As a header: the route's own type, which describes it, would win over the response's.
        super().__init__(chunks, media_type=media_type, headers=headers | {"Content-Type": shown})
        self._chunks = chunks
        self._end = end

    def to_asgi_response(self, *args: Any, **kwargs: Any) -> Any:
        """The ASGI side of the response."""
        respond = super().to_asgi_response(*args, **kwargs)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            sent = False

            async def watched(message: Any) -> None:
                nonlocal sent
                await send(message)
                sent = sent or (message["type"] == "http.response.body" and not message.get("more_body", False))

            try:
                async with aclosing(self._chunks):
                    await respond(scope, receive, watched)
            finally:
                await self._end(sent)

        return serve


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an account gets its files."""

    database: Database
    account: Account

    async def give(self, name: str, kind: FileKind, read: Read, new: NewExport | None = None) -> Download:
        """A download of all batches that `read` gives; with `new` it is told in the ledger.

        The first batch is read before the answer begins, so that it can fail.
        """
        first = await read(None)
        draft = Draft(kind)
        headers = file_headers(f"{name}.{kind.format}")
        if new is None:
            return Download(_written(draft, first, read), untold, media_type=kind.format.media_type, headers=headers)
        record_id = await self.begin(new)
        headers |= {"X-Export-Id": str(record_id), "Link": f'<{NOTICES_PATH}>; rel="terms-of-service"'}

        async def end(complete: bool) -> None:
            await self.end(record_id, draft.facts, complete=complete)

        return Download(_written(draft, first, read), end, media_type=kind.format.media_type, headers=headers)

    async def begin(self, new: NewExport) -> int:
        """Tells the ledger that a download begins; returns the row's id."""
        async with self.database.tenant(self.account.organization_id) as connection:
            record_id = await begin_download(connection, self.account, new)
            told = {"subject": new.subject, "format": new.format} | ({"job": str(new.job_id)} if new.job_id else {})
            await record(connection, Act.EXPORT, self.account, about=("export", record_id), detail=told)
            return record_id

    async def end(self, record_id: int, facts: FileFacts, *, complete: bool) -> None:
        """Tells the ledger how it ended."""
        async with self.database.tenant(self.account.organization_id) as connection:
            await end_download(connection, record_id, facts, complete=complete)


async def _written(draft: Draft, first: Batch, read: Read) -> AsyncGenerator[bytes]:
    async with draft:
        records, after = first
        while True:
            await draft.add(records)
            async for chunk in draft.taken():
                yield chunk
            if after is None:
                break
            records, after = await read(after)
        await draft.finish()
        async for chunk in draft.taken():
            yield chunk


async def untold(_complete: bool) -> None:
    """The end of a file that the ledger does not have."""


def file_headers(filename: str) -> dict[str, str]:
    """The headers of a file with this name, whatever letters it has."""
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in " ._-") else "_" for letter in filename
    )
    disposition = f'attachment; filename="{plain}"'
    if plain != filename:
        disposition += f"; filename*=UTF-8''{quote(filename, safe='')}"
    return {"Content-Disposition": disposition, "Cache-Control": "no-store"}
