"""Routes of events: the story of one job, and the feed of all jobs of the organization, as streams that resume."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.params import FromPath, HeaderParameter, QueryParameter

from control_api.auth.guards import viewer
from control_api.events.frames import LONGEST_PLACE, Cursor, EventView, feed_cursor, job_seq
from control_api.events.hub import EventHub
from control_api.events.stream import EventStream, StreamTimes, stream_events
from control_api.events.tails import Feed, JobStory, Story
from control_api.pages import InvalidCursorError, Limit, Page
from control_api.problems import InvalidParameterError
from control_api.settings import ApiSettings
from storage.accounts import Account
from storage.database import Database
from storage.events import job_events
from storage.feed import feed_now
from storage.jobs import FINAL, get_job

EVENT_STREAM = "text/event-stream"
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID", max_length=LONGEST_PLACE, description="`id` of the last event seen; wins over `after`."
    ),
]
After = Annotated[
    str | None,
    QueryParameter(max_length=LONGEST_PLACE, description="`id` of the last event seen; the stream goes on behind it."),
]

OfAttempt = Annotated[int | None, QueryParameter(ge=1, le=2**31 - 2, description="Only events of this attempt.")]


@dataclass
class StoryOperation(Operation):
    """Tells the API's description that the story comes as a stream, too."""

    def __post_init__(self) -> None:
        answer = (self.responses or {})["200"]
        assert isinstance(answer, OpenAPIResponse)  # noqa: S101  the framework describes what this class is given
        stream = OpenAPIMediaType(
            schema=Schema(description="Server-sent events: `id`, `event`, and in `data` the same as JSON.")
        )
        answer.content = {EVENT_STREAM: stream, **(answer.content or {})}


class EventController(Controller):
    """`/api/v1/jobs/{id}/events` and `/api/v1/events`."""

    path = "/api/v1"
    tags = ("Events",)
    guards = (viewer,)

    @get(
        "/jobs/{job_id:uuid}/events",
        summary="The story of a job",
        operation_class=StoryOperation,
        responses={
            200: ResponseSpec(Page[EventView], description="Events, as a stream or as a page."),
            204: ResponseSpec(None, description="The story has ended and was read to its end."),
        },
    )
    async def of_job(
        self,
        request: Request[Account, Any, Any],
        job_id: FromPath[UUID],
        last_event_id: LastEventId = None,
        after: After = None,
        attempt: OfAttempt = None,
        limit: Limit = 200,
    ) -> Response[Any]:
        """Streams the job's events from the first (or behind `Last-Event-ID`) to its last, each once and in order.

        With `Accept: application/json` it answers a page of them instead; `next` is the `after` of the next page, and
        `attempt` chooses those of one attempt, to its end and what came of it.
        """
        story = JobStory(request.user.organization_id, job_id)
        word = last_event_id or after
        seq = job_seq(word) if word else 0
        database: Database = request.app.state["database"]
        async with database.tenant(story.organization_id) as connection:
            job = await get_job(connection, job_id)
            if _wants_json(request):
                rows = await job_events(connection, job_id, attempt=attempt, after=seq, most=limit)
                events = [EventView(job_id, *row) for row in rows]
                return Response(Page(events, str(events[-1].seq) if len(events) == limit else None))
        if attempt is not None:
            raise InvalidParameterError(
                "`attempt` chooses among events that are pages: ask with Accept: application/json."
            )
        if seq > job.last_seq:
            raise InvalidCursorError(f"Event {seq} does not exist yet; the job's last is {job.last_seq}.")
        if job.state in FINAL and seq == job.last_seq:
            return Response(None, status_code=204)  # tells EventSource not to come back
        return _stream(request, story, (seq,))

    @get("/events", media_type=EVENT_STREAM, summary="The feed of all jobs")
    async def feed(
        self,
        request: Request[Account, Any, Any],
        database: NamedDependency[Database],
        last_event_id: LastEventId = None,
        after: After = None,
    ) -> Response[Any]:
        """Streams the events of all jobs of the organization, from now on or behind `Last-Event-ID` (`0`: all).

        Events of different jobs come in no particular order, those of one job in the order of its story.
        """
        story = Feed(request.user.organization_id)
        word = last_event_id or after
        if word:
            return _stream(request, story, feed_cursor(word))
        async with database.tenant(story.organization_id) as connection:
            place = await feed_now(connection)
        return _stream(request, story, place)


def _stream(request: Request[Account, Any, Any], story: Story, cursor: Cursor) -> Response[Any]:
    hub: EventHub = request.app.state["hub"]
    settings: ApiSettings = request.app.state["settings"]
    seat = hub.admit_stream(request.user)
    times = StreamTimes(settings.stream_ping_seconds, settings.stream_longest_seconds)
    return EventStream(stream_events(hub, story, cursor, times, seat), partial(hub.leave_stream, seat))


def _wants_json(request: Request[Account, Any, Any]) -> bool:
    return request.accept.best_match([EVENT_STREAM, MediaType.JSON], default=EVENT_STREAM) == MediaType.JSON
