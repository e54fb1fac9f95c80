"""The page at `/` and its files. They hold no secrets and ask for no key; the page asks its user for one.

The files are read once, so that no path from outside ever meets the file system.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from storage.errors import NotFoundError

MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".html": "text/html"}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page."""

    content: bytes
    media_type: str
    etag: str


class DashboardController(Controller):
    """`/` and `/static`."""

    path = "/"
    include_in_schema = False

    @get("/", sync_to_thread=False)
    def index(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The page."""
        return _answer(request, "index.html")

    @get("/static/{name:path}", sync_to_thread=False)
    def static(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """A file that the page asks for."""
        return _answer(request, name.lstrip("/"))


def _answer(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    file = page_files().get(name)
    if file is None:
        raise NotFoundError("There is nothing at this address.")
    # Asked for again each time, but sent again only when it changed: a new version shows at once.
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


@cache
def page_files() -> dict[str, PageFile]:
    """All files of the page by their path below `static/`."""
    return dict(_files_below(files("control_api.dashboard") / "static", ""))


def _files_below(folder: Traversable, prefix: str) -> list[tuple[str, PageFile]]:
    found: list[tuple[str, PageFile]] = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _files_below(entry, f"{name}/")
        else:
            found.append((name, _read(entry)))
    return found


def _read(entry: Traversable) -> PageFile:
    content = entry.read_bytes()
    suffix = entry.name[entry.name.rfind(".") :]
    media_type = MEDIA_TYPES.get(suffix) or mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return PageFile(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:20]}"')
