"""An upload on its way in: one file of a multipart form, written to disk and hashed as it arrives.

The form is parsed here rather than by the framework, which keeps every part of a form whatever was asked for, and
leaves its temporary files open when a body is refused for its size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from litestar import Request
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from control_api.problems import ApiError, UnsupportedMediaTypeError
from storage.blobs import BlobsUnavailableError

FORM_OVERHEAD_BYTES = 64 * 1024
"""What a form may have besides the file: boundaries, headers, a few small fields."""
LONGEST_FILENAME = 200


class MalformedUploadError(ApiError):
    """The body is no multipart form with one file named `file`."""

    code = "MALFORMED_UPLOAD"
    status = 400


class UploadTooLargeError(ApiError):
    """The file is larger than is accepted."""

    code = "UPLOAD_TOO_LARGE"
    status = 413


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has arrived completely; its bytes are on disk until the block that received it ends."""

    path: Path
    filename: str
    sha256: str
    size_bytes: int


@asynccontextmanager
async def received_file(request: Request[Any, Any, Any], *, max_bytes: int) -> AsyncGenerator[Upload]:
    """The form's file as a temporary file for the length of the block.

    Raises:
        UnsupportedMediaTypeError: the body is not multipart/form-data.
        MalformedUploadError: it is broken, or has no or several files named `file`.
        UploadTooLargeError: the file has more than `max_bytes`.
        BlobsUnavailableError: it cannot be written here, for instance for want of space.
    """
    media_type, options = request.content_type
    if media_type != "multipart/form-data":
        raise UnsupportedMediaTypeError("Send the PDF as multipart/form-data, in a field named `file`.")
    with _temporary_file() as file:
        reception = _Reception(file, max_bytes)
        try:
            with PushMultipartParser(options.get("boundary", ""), max_segment_count=20) as parser:
                async for chunk in request.stream():
                    if parser.closed:
                        break
                    for piece in parser.parse(chunk):
                        reception.take(piece)
        except MultipartError as error:
            raise MalformedUploadError(f"The form cannot be read ({error}).") from error
        except RequestEntityTooLarge as error:
            raise too_large(max_bytes) from error
        except InternalServerException as error:
            raise MalformedUploadError("The connection ended before the file did.") from error
        except OSError as error:
            raise _no_room(error) from error
        yield reception.upload()


@dataclass(slots=True)
class _Reception:
    """What has arrived so far."""

    file: IO[bytes]
    max_bytes: int
    size_bytes: int = 0
    filename: str | None = None
    in_file: bool = False
    digest: Any = field(default_factory=hashlib.sha256)

    def take(self, piece: MultipartSegment | bytearray | bytes | None) -> None:
        if isinstance(piece, MultipartSegment):
            self.in_file = piece.name == "file"
            if self.in_file:
                if self.filename is not None:
                    raise MalformedUploadError("The form has several files named `file`; send one.")
                self.filename = clean_filename(piece.filename or "")
        elif piece and self.in_file:
            self.size_bytes += len(piece)
            if self.size_bytes > self.max_bytes:
                raise too_large(self.max_bytes)
            self.digest.update(piece)
            self.file.write(piece)

    def upload(self) -> Upload:
        if self.filename is None:
            raise MalformedUploadError("The form has no file named `file`.")
        try:
            self.file.flush()
        except OSError as error:
            raise _no_room(error) from error
        return Upload(Path(self.file.name), self.filename, self.digest.hexdigest(), self.size_bytes)


def clean_filename(printed: str) -> str:
    """A file's name without folders and control characters, as it is shown to people."""
    name = re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "", re.split(r"[/\\]", printed)[-1]).strip()
    return name[:LONGEST_FILENAME] or "document.pdf"


def too_large(max_bytes: int) -> UploadTooLargeError:
    """The refusal of a file for its size."""
    return UploadTooLargeError(
        f"The file has more than {max_bytes:,} bytes, the most that is accepted. Split it, or raise "
        "TITLE1_UPLOAD_MAX_BYTES."
    )


def _temporary_file() -> Any:
    try:
        return NamedTemporaryFile(prefix="title1-upload-", suffix=".pdf")
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> BlobsUnavailableError:
    return BlobsUnavailableError(f"The upload cannot be kept here ({error.strerror or error}).")
