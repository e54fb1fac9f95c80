"""The org's HTTP side: logins, REST, ingest jobs, and faults on the way.

Requests are answered as Salesforce answers them: API errors are a JSON array, OAuth errors an object, SOAP faults XML.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import secrets
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import jwt
from aiohttp import web

from tests.fakes.salesforce.ingest import USER_ID, Ingest, RefusedRequestError
from tests.fakes.salesforce.org import Org
from tests.fakes.salesforce.soql import select

CLIENT_ID = "3MVG9.title1"
CLIENT_SECRET = "invented-client-secret"
USERNAME = "integration@acme.example"
PASSWORD = "invented-password"
SECURITY_TOKEN = "inventedToken"

FaultKind = Literal["503", "503 after", "lost", "slow", "expired", "limit"]
"""503 before anything was done or after it, a lost answer, a slow one, an expired session, no requests left."""


@dataclass(slots=True)
class FakeSalesforce:
    """The server. `misbehave` lines up faults for the next requests; `share` makes them at random."""

    org: Org = field(default_factory=Org)
    url: str = ""
    public_key: str = ""
    """PEM of the certificate that signs assertions."""
    faults: deque[FaultKind] = field(default_factory=deque[FaultKind])
    share: dict[FaultKind, float] = field(default_factory=dict[FaultKind, float])
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    down: bool = False
    slow_seconds: float = 0.2
    requests: list[str] = field(default_factory=list[str])
    """Method and path of each request, in order."""
    met: Counter[str] = field(default_factory=Counter[str])
    """Faults by kind."""
    tokens: set[str] = field(default_factory=set[str])
    instance_url: str | None = None
    """The org's address that logins tell, in the place of this server's."""
    one_request_a_session: bool = False
    """Each session expires after its first request."""
    logins: Counter[str] = field(default_factory=Counter[str])
    """Logins by the kind of grant."""
    ingest: Ingest = field(init=False)
    held: str | None = None
    """What the request begins with that waits `slow_seconds` before anything is done; None when it has arrived."""
    held_in_vain: bool = False
    """Nothing is done with that request in the end."""
    pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])

    def __post_init__(self) -> None:
        self.ingest = Ingest(self.org)

    def misbehave(self, *faults: FaultKind) -> None:
        """The next requests meet these faults, one after the other."""
        self.faults.extend(faults)

    def count(self, what: str) -> int:
        """How many requests begin so, such as `PUT`."""
        return sum(request.startswith(what) for request in self.requests)

    @web.middleware
    async def troubled(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Faults first, then the session, then the answer."""
        if request.path.startswith("/__admin"):
            return await handler(request)
        await request.read()  # what arrives whole is done, also where nobody waits for the answer any more
        self.requests.append(f"{request.method} {request.path}")
        fault = await self._held() or ("503" if self.down else self._fault())
        if fault == "slow":
            await asyncio.sleep(self.slow_seconds)
        answer = self._turned_away(request, fault)
        if answer is not None:
            return answer
        try:
            answer = await handler(request)
        except RefusedRequestError as refusal:
            answer = _refused(refusal.status, refusal.code, refusal.message)
        if fault == "503 after":
            return _unavailable()
        if fault == "lost" and request.transport is not None:
            request.transport.close()
        return answer

    async def _held(self) -> FaultKind | None:
        """Holds the request that a test waits for; what becomes of it then."""
        if self.held is None or not self.requests[-1].startswith(self.held):
            return None
        self.held, in_vain = None, self.held_in_vain
        await asyncio.sleep(self.slow_seconds)
        return "503" if in_vain else None

    def _turned_away(self, request: web.Request, fault: FaultKind | None) -> web.Response | None:
        """The answer to a request with which nothing is done."""
        if fault == "503":
            return _unavailable()
        if fault == "limit":
            return _refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if fault == "expired":
            self.tokens.clear()
        if not request.path.startswith("/services/data/"):
            return None
        if not self._has_session(request):
            return _refused(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.one_request_a_session:
            self.tokens.clear()
        return None

    def _fault(self) -> FaultKind | None:
        fault = self.faults.popleft() if self.faults else None
        for kind, share in self.share.items():
            if fault is None and self.chance.random() < share:
                fault = kind
        if fault is not None:
            self.met[fault] += 1
        return fault

    def _has_session(self, request: web.Request) -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens

    def _new_token(self) -> str:
        token = f"00D5g000000AbCd!{secrets.token_urlsafe(24)}"
        self.tokens.add(token)
        return token

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        grant = str(form.get("grant_type", "")).rpartition(":")[2]
        if grant == "client_credentials":
            wrong = self._wrong_client(request, {name: str(value) for name, value in form.items()})
        elif grant == "jwt-bearer":
            wrong = self._wrong_assertion(str(form.get("assertion", "")))
        else:
            wrong = ("unsupported_grant_type", "grant type not supported")
        if wrong:
            return web.json_response({"error": wrong[0], "error_description": wrong[1]}, status=400)
        self.logins[grant] += 1
        return web.json_response(
            {
                "access_token": self._new_token(),
                "signature": "c2lnbmF0dXJl",
                "scope": "api",
                "instance_url": self.instance_url or self.url,
                "id": f"{self.url}/id/00D5g000000AbCdEAK/{USER_ID}",
                "token_type": "Bearer",
                "issued_at": str(int(time.time() * 1000)),
            }
        )

    def _wrong_client(self, request: web.Request, form: dict[str, str]) -> tuple[str, str] | None:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            client, _, secret = base64.b64decode(encoded).decode().partition(":")
        if client != CLIENT_ID:
            return "invalid_client_id", "client identifier invalid"
        return None if secret == CLIENT_SECRET else ("invalid_client", "invalid client credentials")

    def _wrong_assertion(self, assertion: str) -> tuple[str, str] | None:
        try:
            no_times = {"verify_exp": False, "verify_aud": False}
            said = jwt.decode(assertion, self.public_key, algorithms=["RS256"], options=no_times)  # pyright: ignore[reportArgumentType]
        except jwt.PyJWTError:
            return "invalid_grant", "invalid assertion"
        if said.get("aud") not in {"https://login.salesforce.com", "https://test.salesforce.com", self.url}:
            return "invalid_grant", "audience is invalid"
        if not time.time() < float(said["exp"]) <= time.time() + 300:
            return "invalid_grant", "expired authorization code"
        if (said.get("iss"), said.get("sub")) != (CLIENT_ID, USERNAME):
            return "invalid_grant", "user hasn't approved this consumer"
        return None

    async def soap(self, request: web.Request) -> web.Response:
        said = await request.text()
        version = request.match_info["version"]
        if float(version) >= 65:
            return _fault("UNSUPPORTED_API_VERSION", "login() is not available from API version 65.0 on")
        if f"<n1:username>{USERNAME}<" not in said or f"<n1:password>{PASSWORD}{SECURITY_TOKEN}<" not in said:
            return _fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
        self.logins["password"] += 1
        server = f"{self.url}/services/Soap/u/{version}/00D5g000000AbCd"
        return web.Response(
            text='<?xml version="1.0"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>'
            f"<loginResponse><result><serverUrl>{server}</serverUrl><sessionId>{self._new_token()}</sessionId>"
            "</result></loginResponse></env:Body></env:Envelope>",
            content_type="text/xml",
        )

    async def root(self, _: web.Request) -> web.Response:
        return web.json_response({"identity": f"{self.url}/id/00D5g000000AbCdEAK/{USER_ID}", "jobs": "/jobs"})

    async def describe(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.org.objects:
            raise RefusedRequestError(404, "NOT_FOUND", "The requested resource does not exist")
        fields = [one.described() for one in self.org.objects[name].values()]
        return web.json_response({"name": name, "createable": True, "updateable": True, "fields": fields})

    async def query(self, request: web.Request) -> web.Response:
        records = self.pages.pop(request.match_info.get("locator", ""), None)
        if records is None:
            records = select(self.org, request.query["q"])
        answer: dict[str, Any] = {"totalSize": len(records), "done": len(records) <= 2_000, "records": records[:2_000]}
        if not answer["done"]:
            locator = secrets.token_hex(8)
            self.pages[locator] = records[2_000:]
            path = re.match(r"/services/data/v[\d.]+", request.path)
            answer["nextRecordsUrl"] = f"{path[0] if path else ''}/query/{locator}"
        return web.json_response(answer)

    async def create(self, request: web.Request) -> web.Response:
        return web.json_response(self.ingest.create(await request.json(), request.match_info["version"]))

    async def listed(self, _: web.Request) -> web.Response:
        return web.json_response({"done": True, "records": self.ingest.listed(), "nextRecordsUrl": None})

    async def upload(self, request: web.Request) -> web.Response:
        content = await request.read()
        self.ingest.upload(request.match_info["job"], content, request.headers.get("Content-Type", ""))
        return web.Response(status=201)

    async def look(self, request: web.Request) -> web.Response:
        return web.json_response(self.ingest.look(request.match_info["job"]))

    async def change(self, request: web.Request) -> web.Response:
        return web.json_response(self.ingest.change(request.match_info["job"], (await request.json())["state"]))

    async def forget(self, request: web.Request) -> web.Response:
        self.ingest.delete(request.match_info["job"])
        return web.Response(status=204)

    async def results(self, request: web.Request) -> web.Response:
        text = self.ingest.results(request.match_info["job"], request.match_info["kind"])
        # Both are met; whoever takes the first for Latin-1 breaks every accent.
        kind = self.chance.choice(["text/csv", "text/csv; charset=UTF-8"])
        return web.Response(body=text.encode(), headers={"Content-Type": kind})

    async def admin(self, request: web.Request) -> web.Response:
        """Knobs for programs in other processes: `faults`, `share`, `down`; answers what the org holds."""
        if request.method == "POST":
            wanted = await request.json()
            self.faults.extend(wanted.get("faults", ()))
            self.share = wanted.get("share", self.share)
            self.down = wanted.get("down", self.down)
        return web.json_response({"leads": self.org.leads, "members": self.org.members, "requests": self.requests})


@asynccontextmanager
async def serving(fake: FakeSalesforce | None = None) -> AsyncGenerator[FakeSalesforce]:
    """A server for the length of the block."""
    fake = fake or FakeSalesforce()
    app = web.Application(client_max_size=160 * 2**20, middlewares=[fake.troubled])
    data, ingest = "/services/data/v{version}", "/services/data/v{version}/jobs/ingest"
    app.router.add_post("/services/oauth2/token", fake.token)
    app.router.add_post("/services/Soap/u/{version}", fake.soap)
    app.router.add_get(f"{data}/", fake.root)
    app.router.add_get(f"{data}/sobjects/{{name}}/describe", fake.describe)
    app.router.add_get(f"{data}/query", fake.query)
    app.router.add_get(f"{data}/query/", fake.query)
    app.router.add_get(f"{data}/query/{{locator}}", fake.query)
    for slash in ("", "/"):
        app.router.add_post(f"{ingest}{slash}", fake.create)
        app.router.add_get(f"{ingest}{slash}", fake.listed)
        app.router.add_put(f"{ingest}/{{job}}/batches{slash}", fake.upload)
        app.router.add_get(f"{ingest}/{{job}}{slash}", fake.look)
        app.router.add_patch(f"{ingest}/{{job}}{slash}", fake.change)
        app.router.add_delete(f"{ingest}/{{job}}{slash}", fake.forget)
        app.router.add_get(
            f"{ingest}/{{job}}/{{kind:(?i:successfulResults|failedResults|unprocessedRecords)}}{slash}", fake.results
        )
    app.router.add_route("*", "/__admin", fake.admin)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield fake
    finally:
        await runner.cleanup()


def _unavailable() -> web.Response:
    return _refused(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable")


def _refused(status: int, code: str, message: str) -> web.Response:
    return web.Response(
        text=json.dumps([{"errorCode": code, "message": message}]), status=status, content_type="application/json"
    )


def _fault(code: str, message: str) -> web.Response:
    return web.Response(
        text='<?xml version="1.0"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:sf="urn:fault.partner.soap.sforce.com"><env:Body><env:Fault><detail><sf:fault>'
        f"<sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>"
        "</sf:fault></detail></env:Fault></env:Body></env:Envelope>",
        status=500,
        content_type="text/xml",
    )
