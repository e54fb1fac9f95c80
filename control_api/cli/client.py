"""The control API as the command line speaks to it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx2
import msgspec

from control_api.cli.errors import CliError

CALL_SECONDS = 60.0
SILENCE_SECONDS = 60.0
"""A stream pings more often than this; one that is silent for longer is opened again."""
_PAGE = 200
"""Items of one answer; the API gives no more."""
FINAL_EVENTS = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's story."""

    id: str
    kind: str
    payload: dict[str, Any]


class ApiClient:
    """A connection to the API at `url` with an API key.

    Every call raises `CliError` with the server's own words when it refuses, and with the address when it is not there.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx2.Timeout(CALL_SECONDS, read=SILENCE_SECONDS),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connection."""
        self.http.close()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON answer to a GET."""
        wanted = {name: value for name, value in params.items() if value is not None}
        return self._call("GET", path, params=wanted).json()

    def items(self, path: str, most: int, **params: Any) -> list[Any]:
        """The first `most` items of a list that the API gives page by page."""
        found: list[Any] = []
        cursor: str | None = None
        while len(found) < most:
            page = self.get(path, limit=min(most - len(found), _PAGE), cursor=cursor, **params)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON answer to a POST; a repeat after a broken connection is the same request."""
        return self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())}).json()

    def put(self, path: str, body: Any) -> Any:
        """The JSON answer to a PUT."""
        return self._call("PUT", path, json=body).json()

    def patch(self, path: str, body: Any) -> Any:
        """The JSON answer to a PATCH."""
        return self._call("PATCH", path, json=body).json()

    def delete(self, path: str) -> Any:
        """The JSON answer to a DELETE; None where it says no more than that it is done."""
        answer = self._call("DELETE", path)
        return answer.json() if answer.content else None

    def upload(self, path: Path) -> Any:
        """Uploads a PDF and returns the document."""
        try:
            with path.open("rb") as file:
                return self._call(
                    "POST", "/api/v1/documents", files={"file": (path.name, file, "application/pdf")}
                ).json()
        except OSError as error:
            raise CliError(f"{path} cannot be read: {error.strerror or error}") from error

    def download(self, path: str, target: Path, **params: Any) -> int:
        """Writes the answer to a GET to a file, as it comes, and returns the bytes written."""
        part = target.with_name(target.name + ".part")
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._failing(), self.http.stream("GET", path, params=params) as response:
            if response.status_code >= 400:
                response.read()
            _raise_for(response)
            with part.open("wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
        part.replace(target)
        return target.stat().st_size

    def events(self, job_id: str, after: str | None = None) -> Iterator[Event]:
        """The story of a job from its first line (or behind `after`) to its end, across broken connections."""
        last, pause = after, 0.5
        while True:
            try:
                for event in self._stream(f"/api/v1/jobs/{job_id}/events", last):
                    last, pause = event.id, 0.5
                    yield event
                    if event.kind in FINAL_EVENTS:
                        return
            except (httpx2.TransportError, CliError) as error:
                if isinstance(error, CliError) and error.code != 75:
                    raise
            time.sleep(pause)  # the server went away or closed the stream: come back where we were
            pause = min(2 * pause, 5.0)

    def _stream(self, path: str, last: str | None) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
        with self.http.stream("GET", path, headers=headers) as response:
            if response.status_code >= 400:
                response.read()
            _raise_for(response)
            fields: dict[str, str] = {}
            for line in response.iter_lines():
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif "data" in fields:
                    yield _event(fields)
                    fields = {}

    def _call(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        with self._failing():
            response = self.http.request(method, path, **arguments)
        _raise_for(response)
        return response

    @contextlib.contextmanager
    def _failing(self) -> Generator[None]:
        try:
            yield
        except httpx2.TransportError as error:
            raise CliError(
                f"There is no API at {self.url} ({error}). Start it with `title1 up`, or set TITLE1_URL.", code=75
            ) from error


def _event(fields: dict[str, str]) -> Event:
    body = msgspec.json.decode(fields["data"].encode())
    return Event(fields.get("id", ""), fields.get("event", "message"), body.get("payload", {}))


def _raise_for(response: httpx2.Response) -> None:
    if response.status_code < 400:
        return
    try:
        problem = response.json()
        words = f"{problem.get('detail') or problem.get('title')} [{problem.get('code')}]"
    except ValueError:
        words = f"the server answered {response.status_code}"
    # 75 is EX_TEMPFAIL of sysexits.h: the same command may work later.
    raise CliError(words, code=75 if response.status_code in {429, 502, 503, 504} else 1)
