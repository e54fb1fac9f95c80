"""The API as one object: which routes there are, what they share, what lives as long as the process.

    request → guard (who, which role) → controller → service (one tenant transaction, committed) → answer

`control_api.server` serves it; a test may run it in its own event loop.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from psycopg_pool import PoolTimeout

from control_api.audit.controller import AuditController
from control_api.auth.controller import AuthController
from control_api.auth.guards import provide_account
from control_api.auth.passwords import Passwords
from control_api.auth.signing import open_signer
from control_api.dashboard.controller import DashboardController
from control_api.description import complete_description, description_config
from control_api.documents.controller import DocumentController
from control_api.documents.pictures import PictureDesk
from control_api.documents.upload import FORM_OVERHEAD_BYTES
from control_api.events.controller import EventController
from control_api.events.hub import EventHub
from control_api.exports.controller import ExportController, LedgerController
from control_api.exports.files import file_routes
from control_api.exports.lists import list_routes
from control_api.facets.controller import PeopleFacetController, SchoolFacetController
from control_api.health import HealthController
from control_api.jobs.controller import JobController
from control_api.jobs.service import Ring
from control_api.keys.controller import KeyController
from control_api.llm.controller import LlmController
from control_api.people.controller import PeopleController
from control_api.problems import exception_handlers
from control_api.reference.controller import ReferenceController
from control_api.responses import add_allow, add_request_headers, add_security_headers, log_access
from control_api.reviews.links import LinkController
from control_api.reviews.websites import WebsiteController
from control_api.salesforce.controller import SalesforceController
from control_api.salesforce.leads import PushController
from control_api.schedules.controller import ScheduleController
from control_api.schools.controller import SchoolController
from control_api.searches.controller import SearchController
from control_api.settings import ApiSettings
from control_api.staff.controller import StaffController
from control_api.suppressions.controller import SuppressionController
from control_api.users.controller import MeController, UserController
from control_api.webhooks.controller import WebhookController
from control_api.work.doorbell import Doorbell
from storage.blobs import Blobs
from storage.database import Database, open_database
from storage.settings import StorageSettings

logger = logging.getLogger(__name__)

LARGEST_JSON_BODY_BYTES = 1024 * 1024
_ROUTES = (
    JobController,
    ScheduleController,
    ExportController,
    LedgerController,
    file_routes,
    list_routes,
    EventController,
    SchoolController,
    WebsiteController,
    LinkController,
    StaffController,
    PeopleController,
    PeopleFacetController,
    SchoolFacetController,
    SearchController,
    LlmController,
    SuppressionController,
    SalesforceController,
    PushController,
    WebhookController,
    AuthController,
    MeController,
    UserController,
    KeyController,
    AuditController,
    HealthController,
    DashboardController,
    ReferenceController,
)
"""All but those that take uploads, whose bodies have a limit of their own."""

OpenRing = Callable[[Database], AbstractAsyncContextManager[Ring]]


def create_app(
    settings: ApiSettings | None = None,
    *,
    storage_settings: StorageSettings | None = None,
    open_ring: OpenRing | None = None,
) -> Litestar:
    """The application, not yet started.

    Args:
        settings: of the API; default: from the environment.
        storage_settings: where things are kept; default: from the environment.
        open_ring: gives the function that tells workers of new jobs; default: the queue's doorbell.
    """
    settings = settings or ApiSettings()
    uploads = Router(
        "/",
        route_handlers=[DocumentController],
        request_max_body_size=settings.upload_max_bytes + FORM_OVERHEAD_BYTES,
    )
    app = Litestar(
        route_handlers=[uploads, *_ROUTES],
        lifespan=[_lifespan],
        state=first_state(settings, storage_settings or StorageSettings(), open_ring or open_doorbell),
        dependencies={
            **{name: Provide(_from_state(name), sync_to_thread=False) for name in _SHARED},
            "account": Provide(provide_account, sync_to_thread=False),
        },
        exception_handlers=exception_handlers(),
        before_send=[add_security_headers, add_allow, add_request_headers, log_access],
        request_max_body_size=LARGEST_JSON_BODY_BYTES,
        openapi_config=description_config(),
        logging_config=None,  # the program's logging is set up by who starts it
    )
    complete_description(app)
    return app


def first_state(settings: ApiSettings, storage_settings: StorageSettings, open_ring: OpenRing) -> State:
    """What an app that has not been started holds; its life adds what it opens. The routes hold nothing themselves."""
    return State(
        {
            "settings": settings,
            "storage_settings": storage_settings,
            "open_ring": open_ring,
            "blobs": Blobs.configured(storage_settings),
            "desk": PictureDesk(settings.page_images_at_once),
            "passwords": Passwords(settings),
        }
    )


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncGenerator[None]:
    settings: ApiSettings = app.state["settings"]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(app.state["storage_settings"]))
        hub = EventHub(database, poll_seconds=settings.stream_poll_seconds, streams_per_user=settings.streams_per_user)
        await stack.enter_async_context(hub.listening())
        ring = await stack.enter_async_context(app.state["open_ring"](database))
        signer = await open_signer(settings, database)
        app.state.update({"database": database, "hub": hub, "ring": ring, "signer": signer})
        yield


@asynccontextmanager
async def open_doorbell(database: Database) -> AsyncGenerator[Ring]:
    """The queue's doorbell, connected for the length of the block. Without it, jobs start a moment later."""
    doorbell = Doorbell(database.url)
    try:
        await doorbell.connect()
    except (psycopg.OperationalError, PoolTimeout):
        logger.warning("the doorbell cannot be reached; workers will find new jobs by themselves", exc_info=True)

    async def ring(job_id: UUID, attempt: int, /) -> None:
        await doorbell.ring(job_id, attempt)

    try:
        yield ring
    finally:
        await doorbell.close()


_SHARED = ("database", "hub", "ring", "blobs", "settings", "desk", "signer", "passwords")


def _from_state(name: str) -> Callable[[State], Any]:
    def provide(state: State) -> Any:
        return state[name]

    return provide
