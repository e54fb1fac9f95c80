"""The API's own description (OpenAPI 3.1) at `/schema`: as the framework derives it, but with our errors and bodies.

What a body may be is told by msgspec, which also checks it: the framework's own words leave out bounds of zero, those
of the items of lists, and that unknown fields are refused. `/docs` shows all of it (`control_api.reference`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import msgspec
from litestar import Litestar, Response, Router
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import (
    Components,
    Example,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Reference,
    RequestBody,
    SecurityScheme,
    Tag,
)
from litestar.routes import HTTPRoute

from control_api.auth.guards import PUBLIC_PATHS
from control_api.problems import PROBLEM_MEDIA_TYPE

JSON = "application/json"
COMPONENT = "#/components/schemas/{name}"
PROBLEM = {PROBLEM_MEDIA_TYPE: OpenAPIMediaType(schema=Reference(COMPONENT.format(name="Problem")))}
UNFORESEEN = "The request could not be served; `code` says why."
ERRORS = {
    400: "A parameter, or the body's JSON, cannot be understood; `errors` names the parameter.",
    401: "No credential, or one that opens nothing.",
    403: "The role of the user, or the scope of the key, is too low.",
    404: "There is no such record in the organization.",
    413: "The body is larger than is accepted here.",
    415: "The body is of another type than is read here.",
    422: "A value of the body, or a state or place, is no good; `errors` has the pointer to it.",
    429: "More requests a minute than are allowed; `Retry-After` says when the next may come.",
}
SCHEMES = {
    "key": SecurityScheme(type="http", scheme="bearer", description="An API key, `t1_…`, or an access token."),
    "header": SecurityScheme(type="apiKey", security_scheme_in="header", name="X-API-Key", description="An API key."),
}
TAGS = {
    "Documents": "Uploaded PDFs, and how their pages were read.",
    "Jobs": "Requests for work: ask, follow, cancel, pause, resume, retry.",
    "Schedules": "Jobs that are made again and again.",
    "Webhooks": "Addresses that are told of jobs, by the rules of Standard Webhooks.",
    "Events": "The stories of jobs as streams of server-sent events that resume.",
    "Schools": "Schools that documents name, with their websites.",
    "Staff": "Published contacts of schools' staff; corrections, deletions, merges, the change feed.",
    "Saved searches": "Filters kept under a name: for lists, files and pushes.",
    "Websites": "Why a school has its website, and people's decisions about it.",
    "Official directory": "Which school of the NCES directory a listed school is.",
    "Exports": "What has left: the ledger of files, and notices that go with them.",
    "Lists as files": "All of a list as one file.",
    "Salesforce": "Connections to orgs, and what came of pushes.",
    "Suppression list": "Who asked not to be listed.",
    "Language models": "What models may cost, and have cost.",
    "Sign-in": "Sessions by e-mail address and password.",
    "Users": "Users of the organization, and who asks.",
    "API keys": "Keys of programs.",
    "Audit log": "Who did what, when, from where.",
    "Health": "Probes.",
}


def description_config() -> OpenAPIConfig:
    """What `Litestar(openapi_config=…)` needs."""
    return OpenAPIConfig(
        title="Title1",
        version=version("title1"),
        description="PDF lists of Title I schools in; schools, websites, staff contacts and lead lists out.",
        components=Components(security_schemes=dict(SCHEMES)),
        security=[{name: []} for name in SCHEMES],
        tags=[Tag(name, description) for name, description in TAGS.items()],
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(path=["/openapi.json", "/"]), YamlRenderPlugin()],
        openapi_router=Router("/schema", route_handlers=[], include_in_schema=False, after_request=_refuse_html),
    )


def complete_description(app: Litestar) -> None:
    """Puts our problem details, bodies and examples in the place of what the framework would describe."""
    operations = list(_operations(app))
    bodies = {handler: field.annotation for _, handler, _ in operations if (field := handler.parsed_data_field)}
    schemas, components = msgspec.json.schema_components(list(bodies.values()), ref_template=COMPONENT)
    known: dict[str, Any] = app.openapi_schema.components.schemas
    known.update(components)
    body_schemas = dict(zip(bodies, schemas, strict=True))
    examples = body_examples()
    for path, handler, operation in operations:
        if handler in body_schemas:
            method = next(iter(handler.http_methods))
            told: dict[str, Example | Reference] = {
                name: Example(**example) for name, example in examples.get(f"{method} {path}", {}).items()
            }
            body_schema: Any = body_schemas[handler]  # a mapping is written as it is
            media_type = OpenAPIMediaType(schema=body_schema, examples=told or None)
            operation.request_body = RequestBody({JSON: media_type}, required=True)
        public = path.startswith(PUBLIC_PATHS[1:])
        if public:
            operation.security = []
        operation.responses = _answers(path, operation, public=public)


def body_examples() -> dict[str, dict[str, dict[str, Any]]]:
    """Examples of bodies: by method and path, by name, each a `summary` and a `value`."""
    return json.loads((files("control_api") / "body_examples.json").read_text("utf-8"))


def _answers(path: str, operation: Operation, *, public: bool) -> dict[str, OpenAPIResponse | Reference]:
    described = operation.responses or {}
    codes: set[int] = set() if public else {401, 403, 429}
    codes |= {400} if operation.parameters or operation.request_body else set()
    codes |= {404} if "{" in path else set()
    codes |= {413, 415, 422} if operation.request_body else set()
    told = {str(code): ERRORS[code] for code in sorted(codes)}
    # A route's own words for an error are more exact; the framework says the same of each 400, and of another type.
    for code, answer in described.items():
        if "400" < code < "6" and isinstance(answer, OpenAPIResponse):
            told[code] = answer.description
    good = {code: answer for code, answer in described.items() if code < "4"}
    problems = {code: OpenAPIResponse(words, content=PROBLEM) for code, words in sorted(told.items())}
    return good | problems | {"default": OpenAPIResponse(UNFORESEEN, content=PROBLEM)}


def _operations(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler, Operation]]:
    paths = app.openapi_schema.paths or {}
    for route in app.routes:
        item = paths.get(route.path_format)
        if item is None or not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            for method in handler.http_methods:
                operation = getattr(item, str(method).lower(), None)
                if operation is not None:
                    yield route.path_format, handler, operation


def _refuse_html(response: Response[Any]) -> Response[Any]:
    # The framework's own answer to unknown addresses below /schema is an HTML page; ours is a problem like any other.
    if response.status_code == 404:
        raise NotFoundException
    return response
