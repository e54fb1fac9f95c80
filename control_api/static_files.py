"""Files of our pages, served as they are in the package.

They are read once, so that no path from outside ever meets the file system. A file that ends in `.gz` is served under
the name without it, to who takes gzip as it is.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Request, Response

from storage.errors import NotFoundError

MEDIA_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".txt": "text/plain",
}
PACKED = ".gz"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of a page."""

    content: bytes
    media_type: str
    etag: str
    packed: bool
    """Whether `content` is compressed."""


def answer_file(request: Request[Any, Any, Any], known: dict[str, PageFile], name: str) -> Response[bytes]:
    """The answer with a file.

    Raises:
        NotFoundError: there is none of that name.
    """
    file = known.get(name)
    if file is None:
        raise NotFoundError("There is nothing at this address.")
    # Asked for again each time, but sent again only when it changed: a new version shows at once.
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if file.packed:
        headers["Vary"] = "Accept-Encoding"
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    content = file.content
    if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    elif file.packed:
        content = gzip.decompress(content)
    return Response(content, media_type=file.media_type, headers=headers)


@cache
def files_of(package: str, folder: str) -> dict[str, PageFile]:
    """All files below a folder of a package, by the path at which they are served."""
    return dict(_files_below(files(package) / folder, ""))


def _files_below(folder: Traversable, prefix: str) -> list[tuple[str, PageFile]]:
    found: list[tuple[str, PageFile]] = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _files_below(entry, f"{name}/")
        else:
            found.append((name.removesuffix(PACKED), _read(entry)))
    return found


def _read(entry: Traversable) -> PageFile:
    content = entry.read_bytes()
    name = entry.name.removesuffix(PACKED)
    media_type = MEDIA_TYPES.get(name[name.rfind(".") :]) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    return PageFile(content, media_type, etag, packed=entry.name.endswith(PACKED))
