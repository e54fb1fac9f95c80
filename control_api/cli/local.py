"""What commands do on this machine's own database: the first account, keys, imports. Needs no running API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from control_api.auth.schemas import canonical_email
from control_api.cli.errors import CliError
from control_api.users.service import LINK_HOURS
from control_api.work.linking import link_document
from extraction.nces import read_directory
from extraction.nces_geocodes import read_geocodes
from storage.accounts import create_key, create_user, find_user, first_account, organization_ids
from storage.audit import Act, record
from storage.database import Database, open_database
from storage.directory import COLUMNS, import_directory, import_places, locate_schools
from storage.documents import all_documents, get_document
from storage.errors import ConflictError, NotFoundError
from storage.roles import Role, Scope
from storage.settings import StorageSettings
from storage.users import change_user, new_password_link

FIRST_ORGANIZATION = "My organization"
FIRST_USER = "admin"
COMMAND_KEY_HOURS = 24
ON_THE_SERVER = {"by": "command line"}
"""In the audit log: whoever can reach the database did it, in the name of the user."""

Result = TypeVar("Result")


def with_database(work: Callable[[Database], Awaitable[Result]], settings: StorageSettings | None = None) -> Result:
    """Runs `work` on the configured database, started if it is the embedded one."""

    async def run() -> Result:
        async with open_database(settings) as database:
            return await work(database)

    return asyncio.run(run())


async def ensure_first_account(database: Database) -> str | None:
    """The first admin's key when this call made the account, shown this once; None when there was one."""
    return await first_account(database, organization=FIRST_ORGANIZATION, user=FIRST_USER)


async def command_key(database: Database) -> str:
    """A key for a command that drives an API of its own: the first admin's, for a day."""
    await ensure_first_account(database)
    async with database.system() as connection:
        account = await find_user(connection)
        expires_at = datetime.now(UTC) + timedelta(hours=COMMAND_KEY_HOURS)
        return await create_key(connection, account, name="command line", expires_at=expires_at)


async def new_key(
    database: Database, *, user: str | None, role: Role | None, name: str, scope: Scope, days: int | None
) -> tuple[UUID, str]:
    """A key for a user, who is made with `role` if there is none of that name yet; its id, and the key itself.

    Raises:
        NotFoundError: no such user, and no role to make one with.
    """
    await ensure_first_account(database)
    key_id = uuid4()
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    async with database.system() as connection:
        try:
            account = await find_user(connection, user)
        except NotFoundError:
            if user is None or role is None:
                raise
            admin = await find_user(connection)
            account = await create_user(connection, admin.organization_id, name=user, role=role)
            about = ("user", account.user_id)
            await record(connection, Act.USER_CREATE, account, about=about, detail={"role": role} | ON_THE_SERVER)
        key = await create_key(connection, account, name=name, scope=scope, expires_at=expires_at, key_id=key_id)
        detail = {"scope": scope, "user": account.user_name} | ON_THE_SERVER
        await record(connection, Act.KEY_CREATE, account, about=("key", key_id), detail=detail)
    return key_id, key


async def new_link(database: Database, *, user: str | None, email: str | None) -> tuple[str, datetime]:
    """A token by which a user sets a password once, also one who is locked out; `email` becomes the sign-in name.

    Raises:
        NotFoundError: no such user.
        ConflictError: the user has no sign-in name yet, or it is taken.
    """
    await ensure_first_account(database)
    async with database.system() as connection:
        account = await find_user(connection, user)
    try:
        async with database.tenant(account.organization_id) as connection:
            changes = {"email": canonical_email(email)} if email else {}
            row = await change_user(connection, account.user_id, changes)
            token, expires_at = await new_password_link(connection, row, hours=LINK_HOURS)
            about = ("user", account.user_id)
            await record(connection, Act.PASSWORD_LINK, account, about=about, detail=ON_THE_SERVER)
    except IntegrityError as error:
        raise ConflictError(f"{email} is taken by another user.") from error
    return token, expires_at


async def import_nces(database: Database, path: Path) -> int:
    """Loads an NCES directory file and returns how many schools the directory then holds."""
    async with database.system() as connection:
        return await import_directory(
            connection, ([getattr(school, column) for column in COLUMNS] for school in read_directory(path))
        )


async def link_documents(database: Database, document_id: UUID | None, user: str | None) -> list[dict[str, Any]]:
    """Links the schools of one document, or of all of a user's organization; a line a document.

    Raises:
        CliError: there is no directory.
        NotFoundError: no such user or document.
    """
    async with database.system() as connection:
        organization_id = (await find_user(connection, user)).organization_id
    async with database.tenant(organization_id) as connection:
        chosen = [await get_document(connection, document_id)] if document_id else await all_documents(connection)
    lines: list[dict[str, Any]] = []
    for document in chosen:
        counts = await link_document(database, organization_id, document.id)
        if counts is None:
            raise CliError("There is no official directory yet; `title1 schools import nces FILE` loads it.")
        lines.append({"document_id": document.id, "filename": document.filename, **counts})
    return lines


async def import_edge(database: Database, path: Path) -> tuple[int, int]:
    """Loads an EDGE geocode file.

    Returns:
        How many schools of the directory then have a place, and how many schools of documents were given one.
    """
    async with database.system() as connection:
        known = await import_places(
            connection, ((place.nces_id, place.latitude, place.longitude) for place in read_geocodes(path))
        )
        organizations = await organization_ids(connection)
    moved = 0
    for organization in organizations:
        async with database.tenant(organization) as connection:
            moved += await locate_schools(connection)
    return known, moved


class LocalDatabase:
    """The database, held running for the length of a block, while child processes come and go."""

    def __init__(self, settings: StorageSettings | None = None) -> None:
        self.runner = asyncio.Runner()
        self.opened = open_database(settings)

    def __enter__(self) -> Self:
        """Opens it: starts the embedded one, runs the migrations."""
        self.runner.__enter__()
        self.database = self.runner.run(self.opened.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        """Lets go of it; the embedded one stops when nobody else uses it."""
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()

    def first_key(self) -> str | None:
        """The first admin's key when the account was made now; None when there was one."""
        return self.runner.run(ensure_first_account(self.database))

    def command_key(self) -> str:
        """A key for the length of this command."""
        return self.runner.run(command_key(self.database))

    def import_nces(self, path: Path) -> int:
        """Loads an NCES directory file."""
        return self.runner.run(import_nces(self.database, path))
