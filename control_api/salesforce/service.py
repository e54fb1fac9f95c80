"""Connections between HTTP, storage and Salesforce. What asks Salesforce does so in a thread, outside transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET

from control_api.salesforce.addresses import Addresses
from control_api.salesforce.client import LoginMethod, SalesforceClient, Secret
from control_api.salesforce.connections import check_records, client_of
from control_api.salesforce.errors import SalesforceLoginError
from control_api.salesforce.mapping import check_mapping, check_sources, full_mapping
from control_api.salesforce.schemas import (
    ChangedConnection,
    CheckView,
    ConnectionView,
    FieldsView,
    FieldView,
    MappedField,
    NewConnection,
    NewSecret,
)
from control_api.salesforce.secrets import SecretBox, check_secret
from control_api.salesforce.settings import SalesforceSettings
from control_api.salesforce.sources import SOURCES
from storage.accounts import Account
from storage.database import Database
from storage.salesforce import (
    add_connection,
    change_connection,
    find_connections,
    get_connection,
    remove_connection,
)
from storage.settings import StorageSettings

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ConnectionService:
    """What an account may do with its organization's connections."""

    database: Database
    account: Account
    settings: SalesforceSettings
    storage_settings: StorageSettings

    async def all(self) -> list[ConnectionView]:
        """All connections, by name."""
        async with self.database.tenant(self.account.organization_id) as connection:
            return [_view(row) for row in await find_connections(connection)]

    async def get(self, connection_id: UUID) -> ConnectionView:
        """One connection."""
        return _view(await self._row(connection_id))

    async def add(self, new: NewConnection) -> ConnectionView:
        """Stores a connection with its secret encrypted. Salesforce is not asked; `check` does that.

        Raises:
            SalesforceError: address, secret or mapping cannot be right.
            ConflictError: there is one of this name.
        """
        connection_id = uuid4()
        values = msgspec.to_builtins(new) | {"id": connection_id, "organization_id": self.account.organization_id}
        values |= self._checked(connection_id, new.login_url, new.method, new.secret)
        check_sources(new.mapping)
        _check_names(new.method, new.client_id, new.username)
        async with self.database.tenant(self.account.organization_id) as connection:
            await add_connection(connection, values | {"created_by": self.account.user_id})
            return _view(await get_connection(connection, connection_id))

    async def change(self, connection_id: UUID, changed: ChangedConnection) -> ConnectionView:
        """Changes a connection. Whoever changes where or how one logs in gives the secret again.

        Raises:
            SalesforceError: address, secret or mapping cannot be right.
            NotFoundError: there is no such connection.
            ConflictError: there is another one of this name.
        """
        old = await self._row(connection_id)
        given = {name: value for name in changed.__struct_fields__ if (value := getattr(changed, name)) is not UNSET}
        login_url, method = given.get("login_url", old.login_url), LoginMethod(given.get("method", old.method))
        if changed.secret is not UNSET:
            given |= self._checked(connection_id, login_url, method, changed.secret)
        elif (self._login_url(login_url), method, given.get("client_id", old.client_id)) != (
            old.login_url,
            old.method,
            old.client_id,
        ):
            raise SalesforceLoginError("Give the secret again where the address, the method or the client id changes.")
        check_sources(given.get("mapping", {}))
        _check_names(method, given.get("client_id", old.client_id), given.get("username", old.username))
        async with self.database.tenant(self.account.organization_id) as connection:
            if given:
                await change_connection(connection, connection_id, given)
            return _view(await get_connection(connection, connection_id))

    async def remove(self, connection_id: UUID) -> None:
        """Deletes a connection with its secret.

        Raises:
            NotFoundError: there is no such connection.
        """
        async with self.database.tenant(self.account.organization_id) as connection:
            await remove_connection(connection, connection_id)

    async def check(self, connection_id: UUID) -> CheckView:
        """Logs in and checks all that a push would need.

        Raises:
            SalesforceError: what is not right, by name.
        """
        row = await self._row(connection_id)

        def look(client: SalesforceClient) -> CheckView:
            host = client.connect()
            mapping = check_mapping(row.mapping, row.key_field, client.describe("Lead"))
            check_records(client, row.campaign_id, row.assignment_rule_id)
            [org, *_] = client.query("SELECT Name, IsSandbox FROM Organization LIMIT 1") or [{}]
            sandbox = org.get("IsSandbox")
            return CheckView(
                host=host,
                organization=org.get("Name"),
                is_sandbox=None if sandbox is None else str(sandbox).casefold() == "true",
                key_field=mapping.key_field,
                fields=[
                    MappedField(field=one.name, source=one.source, length=one.length or None) for one in mapping.columns
                ],
                notes=mapping.notes,
            )

        return await self._asked(row, look)

    async def fields(self, connection_id: UUID) -> FieldsView:
        """The fields of Lead that may be written, and what there is to be mapped to them."""
        row = await self._row(connection_id)
        described = await self._asked(row, lambda client: client.describe("Lead"))
        mapped = {name.casefold(): source for name, source in full_mapping(row.mapping).items()}
        writable = [one for one in described.get("fields", []) if one.get("createable") and one.get("updateable")]
        return FieldsView(fields=[_field(one, mapped) for one in writable], sources=list(SOURCES))

    async def _row(self, connection_id: UUID) -> Any:
        async with self.database.tenant(self.account.organization_id) as connection:
            return await get_connection(connection, connection_id)

    async def _asked(self, row: Any, ask: Callable[[SalesforceClient], Result]) -> Result:
        client = client_of(row, self._box, self.settings)
        try:
            return await asyncio.to_thread(ask, client)
        finally:
            client.close()

    def _checked(self, connection_id: UUID, login_url: str, method: LoginMethod, secret: NewSecret) -> dict[str, Any]:
        own = Secret(**{name: getattr(secret, name) for name in secret.__struct_fields__})
        check_secret(method, own)
        return {"login_url": self._login_url(login_url), "secret": self._box.seal(connection_id, own)}

    def _login_url(self, text: str) -> str:
        return Addresses(self.settings.allow_addresses).login_url(text)

    @property
    def _box(self) -> SecretBox:
        return SecretBox(self.settings, self.storage_settings)


def _check_names(method: LoginMethod, client_id: str | None, username: str | None) -> None:
    if method is not LoginMethod.PASSWORD and not client_id:
        raise SalesforceLoginError(f"{method} needs the `client_id` (consumer key) of an External Client App.")
    if method is not LoginMethod.CLIENT_CREDENTIALS and not username:
        raise SalesforceLoginError(f"{method} needs a `username`.")


def _view(row: Any) -> ConnectionView:
    return msgspec.convert({name: getattr(row, name) for name in ConnectionView.__struct_fields__}, ConnectionView)


def _field(one: dict[str, Any], mapped: dict[str, str]) -> FieldView:
    choices = one.get("picklistValues", []) if one.get("restrictedPicklist") else []
    return FieldView(
        name=str(one["name"]),
        label=str(one.get("label") or one["name"]),
        type=str(one["type"]),
        length=one.get("length") or None,
        required=not one.get("nillable") and not one.get("defaultedOnCreate"),
        external_id=bool(one.get("externalId")),
        choices=[str(value["value"]) for value in choices if value.get("active")],
        source=mapped.get(str(one["name"]).casefold()),
    )
