"""The API's own description (OpenAPI 3.1) at `/schema`: as the framework derives it, but with our errors.

There is no page that renders it: the usual ones load their scripts from elsewhere, which our pages do not.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from litestar import Litestar, Response, Router
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    PathItem,
    Reference,
    SecurityScheme,
)

from control_api.auth.guards import PUBLIC_PATHS
from control_api.problems import PROBLEM_MEDIA_TYPE

PROBLEM = OpenAPIResponse(
    description="The request could not be served; `code` says why.",
    content={PROBLEM_MEDIA_TYPE: OpenAPIMediaType(schema=Reference("#/components/schemas/Problem"))},
)


def description_config() -> OpenAPIConfig:
    """What `Litestar(openapi_config=…)` needs."""
    key = SecurityScheme(type="http", scheme="bearer", description="An API key, `t1_…`, or an access token.")
    return OpenAPIConfig(
        title="Title1",
        version=version("title1"),
        description="PDF lists of Title I schools in; schools, websites, staff contacts and lead lists out.",
        components=Components(security_schemes={"key": key}),
        security=[{"key": []}],
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(path=["/openapi.json", "/"]), YamlRenderPlugin()],
        openapi_router=Router("/schema", route_handlers=[], include_in_schema=False, after_request=_refuse_html),
    )


def describe_problems(app: Litestar) -> None:
    """Puts our problem details in the place of the errors that the framework would describe."""
    for path, item in (app.openapi_schema.paths or {}).items():
        for operation in _operations(item):
            kept = {code: answer for code, answer in (operation.responses or {}).items() if code < "4"}
            operation.responses = kept | {"default": PROBLEM}
            if path.startswith(PUBLIC_PATHS[1:]):
                operation.security = []


def _operations(item: PathItem) -> list[Operation]:
    return [operation for operation in (item.get, item.post, item.put, item.patch, item.delete) if operation]


def _refuse_html(response: Response[Any]) -> Response[Any]:
    # The framework's own answer to unknown addresses below /schema is an HTML page; ours is a problem like any other.
    if response.status_code == 404:
        raise NotFoundException
    return response
