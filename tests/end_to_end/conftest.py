"""A small world and the product on it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from control_api.app import create_app
from control_api.cli.local import command_key, import_nces
from control_api.settings import ApiSettings
from storage.database import Database
from storage.migrations.run import migrate
from storage.settings import StorageSettings
from tests.control_api.conftest import started
from tests.control_api.streams import serving
from tests.end_to_end.product import DELAY_SECONDS, Product, Web, running_product, served_web


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the test's own, with a short name."""
    path = Path(tempfile.mkdtemp(prefix="t1-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def web(folder: Path) -> Iterator[Web]:
    """Eight schools in three districts, every layout among them."""
    with served_web(folder / "web", schools=8, districts=3) as web:
        yield web


@pytest.fixture
def key(database_url: str, web: Web) -> str:
    """The first admin's key, after the official directory was imported."""
    return prepare_account(database_url, web)


def prepare_account(database_url: str, web: Web, *, migrated: bool = True) -> str:
    """Imports the official directory and makes the first account; returns its key."""
    if not migrated:
        migrate(database_url)

    async def prepare() -> str:
        database = Database(database_url)
        try:
            await import_nces(database, web.folder / "ccd_sch_029.csv")
            return await command_key(database)
        finally:
            await database.close()

    return asyncio.run(prepare())


@pytest.fixture
def delay_seconds() -> float:
    """The pause between requests to one host; a test may want a longer one."""
    return DELAY_SECONDS


@pytest.fixture
def product(folder: Path, database_url: str, key: str, web: Web, delay_seconds: float) -> Iterator[Product]:
    """API and one worker."""
    with running_product(folder, database_url, key, web, delay_seconds=delay_seconds) as product:
        yield product


@pytest.fixture
async def address(database_url: str, folder: Path) -> AsyncGenerator[str]:
    """Where the API with its dashboard answers, served by the test's own event loop."""
    settings = ApiSettings(password_memory_kib=64)
    app = create_app(settings, storage_settings=StorageSettings(database_url=database_url, data_dir=folder / "data"))
    async with started(app), serving(app) as served:
        yield served.url
