"""The page at `/` and its files. They hold no secrets and ask for no key; the page asks its user for one."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from control_api.static_files import answer_file, files_of

PAGE = "control_api.dashboard"
FOLDER = "static"


class DashboardController(Controller):
    """`/` and `/static`."""

    path = "/"
    include_in_schema = False

    @get("/", sync_to_thread=False)
    def index(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The page."""
        return answer_file(request, files_of(PAGE, FOLDER), "index.html")

    @get("/static/{name:path}", sync_to_thread=False)
    def static(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """A file that the page asks for."""
        return answer_file(request, files_of(PAGE, FOLDER), name.lstrip("/"))
