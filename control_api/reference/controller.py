"""The page at `/docs`: the API's description, rendered by Scalar.

Scalar comes with this package, compressed, and is served from here: it works without any other network, and under the
policy of all our pages, which lets nothing in from elsewhere and no style or script from within the page.
"""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from control_api.static_files import answer_file, files_of

PAGE = "control_api.reference"
FOLDER = "page"


class ReferenceController(Controller):
    """`/docs`."""

    path = "/docs"
    include_in_schema = False

    @get("/", sync_to_thread=False)
    def index(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The page."""
        return answer_file(request, files_of(PAGE, FOLDER), "index.html")

    @get("/{name:path}", sync_to_thread=False)
    def file(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """A file that the page asks for."""
        return answer_file(request, files_of(PAGE, FOLDER), name.lstrip("/"))
