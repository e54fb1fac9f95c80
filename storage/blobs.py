"""Bytes that do not belong into the database (PDFs, exported files, journals), at an fsspec URL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from storage.errors import NotFoundError, StorageError
from storage.settings import StorageSettings


class BlobsUnavailableError(StorageError):
    """The blob store cannot be written or read: no space, no permission, no network."""

    code = "BLOBS_UNAVAILABLE"
    status = 503


class Blobs:
    """A store of immutable byte strings under names such as `documents/ab/abcd….pdf`. Its calls block; use a thread."""

    def __init__(self, url: str) -> None:
        filesystem, root = fsspec.url_to_fs(url)
        self.filesystem: Any = filesystem
        self.root: str = root.rstrip("/")

    @classmethod
    def configured(cls, settings: StorageSettings) -> Blobs:
        """The store that the settings name: `TITLE1_BLOBS_URL`, or a folder under the data folder."""
        return cls(settings.blobs_url or str(settings.data_dir / "blobs"))

    def put_file(self, name: str, source: Path) -> None:
        """Stores a file's bytes under a name; readers see all of it or nothing, also when this process is killed.

        Raises:
            BlobsUnavailableError: the store cannot be written.
        """
        target, unfinished = self._path(name), self._path(f"unfinished/{uuid4()}")
        try:
            self.filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
            self.filesystem.makedirs(unfinished.rpartition("/")[0], exist_ok=True)
            self.filesystem.put_file(str(source), unfinished)
            self.filesystem.mv(unfinished, target)
        except OSError as error:
            raise BlobsUnavailableError(f"{name} cannot be stored under {self.root}: {error}") from error

    def remove(self, name: str) -> None:
        """Removes what is under a name, if anything is.

        Raises:
            BlobsUnavailableError: the store cannot be written.
        """
        try:
            self.filesystem.rm(self._path(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise BlobsUnavailableError(f"{name} cannot be removed from {self.root}: {error}") from error

    def exists(self, name: str) -> bool:
        """Whether there are bytes under this name."""
        return bool(self.filesystem.exists(self._path(name)))

    @contextmanager
    def local_file(self, name: str) -> Generator[Path]:
        """The bytes as a file on this machine for the length of the block.

        Raises:
            NotFoundError: there is nothing under this name.
        """
        if not self.exists(name):
            raise NotFoundError(f"{name} is not in the blob store {self.root}.")
        if isinstance(self.filesystem, LocalFileSystem):
            yield Path(self._path(name))
            return
        with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as copy:
            with self.filesystem.open(self._path(name), "rb") as source:
                shutil.copyfileobj(source, copy)
            copy.flush()
            yield Path(copy.name)

    def _path(self, name: str) -> str:
        if ".." in name.split("/") or name.startswith("/"):
            raise ValueError(f"not a blob name: {name!r}")
        return f"{self.root}/{name}"
