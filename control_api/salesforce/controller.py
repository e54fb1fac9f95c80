"""Routes of Salesforce: connections, their check, and the fields of their orgs."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from control_api.auth.guards import admin, operator, viewer
from control_api.bodies import check_json_body
from control_api.salesforce.schemas import ChangedConnection, CheckView, ConnectionView, FieldsView, NewConnection
from control_api.salesforce.service import ConnectionService
from control_api.salesforce.settings import SalesforceSettings
from storage.accounts import Account
from storage.database import Database


def provide_connections(
    database: NamedDependency[Database], account: NamedDependency[Account], state: State
) -> ConnectionService:
    """The connections of the organization that asks."""
    return ConnectionService(database, account, SalesforceSettings(), state["storage_settings"])


class SalesforceController(Controller):
    """`/api/v1/salesforce/connections`."""

    path = "/api/v1/salesforce/connections"
    tags = ("Salesforce",)
    guards = (viewer,)
    dependencies = {  # noqa: RUF012  Litestar declares it so
        "connections": Provide(provide_connections, sync_to_thread=False)
    }

    @get("/", summary="Connections to Salesforce")
    async def all(self, connections: NamedDependency[ConnectionService]) -> list[ConnectionView]:
        """Lists the connections by name, without their secrets."""
        return await connections.all()

    @post("/", guards=[admin], before_request=check_json_body, summary="Connect an org")
    async def add(
        self, data: JSONBody[NewConnection], connections: NamedDependency[ConnectionService]
    ) -> ConnectionView:
        """Stores where and as whom one logs in; the secret is encrypted and never shown again."""
        return await connections.add(data)

    @get("/{connection_id:uuid}", summary="One connection")
    async def one(
        self, connection_id: FromPath[UUID], connections: NamedDependency[ConnectionService]
    ) -> ConnectionView:
        """A connection without its secret."""
        return await connections.get(connection_id)

    @patch("/{connection_id:uuid}", guards=[admin], before_request=check_json_body, summary="Change a connection")
    async def change(
        self,
        connection_id: FromPath[UUID],
        data: JSONBody[ChangedConnection],
        connections: NamedDependency[ConnectionService],
    ) -> ConnectionView:
        """Changes what is given. A push that runs keeps the mapping with which it began."""
        return await connections.change(connection_id, data)

    @delete("/{connection_id:uuid}", guards=[admin], summary="Delete a connection")
    async def remove(self, connection_id: FromPath[UUID], connections: NamedDependency[ConnectionService]) -> None:
        """Deletes the connection with its secret; what was sent stays in Salesforce, and the pushes here."""
        await connections.remove(connection_id)

    @post("/{connection_id:uuid}/check", guards=[operator], status_code=200, summary="Check a connection")
    async def check(self, connection_id: FromPath[UUID], connections: NamedDependency[ConnectionService]) -> CheckView:
        """Logs in and checks mapping, campaign and assignment rule against the org. Nothing is written there."""
        return await connections.check(connection_id)

    @get("/{connection_id:uuid}/fields", guards=[operator], summary="Fields that can be mapped")
    async def fields(
        self, connection_id: FromPath[UUID], connections: NamedDependency[ConnectionService]
    ) -> FieldsView:
        """Asks the org for the fields of Lead that its user may write."""
        return await connections.fields(connection_id)
