"""Bodies are read strictly, and what is wrong is named; the description says the same; `/docs` shows it from here."""

from __future__ import annotations

from typing import Any

import httpx2
import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from control_api.bodies import check_json_body
from control_api.description import TAGS, body_examples
from control_api.responses import SECURITY_HEADERS

JOB = {"kind": "export_leads", "params": {}}


def handlers_with_a_body(app: Litestar) -> dict[str, Any]:
    return {
        f"{method} {route.path_format}": handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if handler.parsed_data_field is not None
    }


def test_every_body_is_checked_strictly(app: Litestar) -> None:
    handlers = handlers_with_a_body(app)
    assert len(handlers) > 20
    assert [name for name, handler in handlers.items() if handler.resolve_before_request() is not check_json_body] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**JOB, "params": {"left": "true"}}, "/params/left"),
        ({**JOB, "params": {"left": 1}}, "/params/left"),
        ({**JOB, "params": {"radius": "5"}}, "/params/radius"),
        ({**JOB, "params": {"seen_since": 5}}, "/params/seen_since"),
        ({**JOB, "params": {"school_ids": [1, "2"]}}, "/params/school_ids/1"),
        ({**JOB, "params": {"school_ids": [1, 2**64]}}, "/params/school_ids/1"),
        ({**JOB, "params": {"school_ids": [0]}}, "/params/school_ids/0"),
        ({**JOB, "params": {"q": "a\0b"}}, "/params/q"),
        ({**JOB, "params": {"a/b~c": 1}}, "/params/a~1b~0c"),
        ({**JOB, "more": 1}, "/more"),
        ([], "/"),
    ],
)
async def test_what_is_not_of_the_right_type_is_refused_by_name(
    api: httpx2.AsyncClient, body: Any, pointer: str
) -> None:
    answer = await api.post("/api/v1/jobs", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"", "application/json", 422, "INVALID_REQUEST"),
        (b'{"kind":', "application/json", 400, "MALFORMED_BODY"),
        (b'{"kind": NaN}', "application/json", 400, "MALFORMED_BODY"),
        (b'{"kind": "\xff"}', "application/json", 400, "MALFORMED_BODY"),
        (b'{"kind": "\\ud800"}', "application/json", 400, "MALFORMED_BODY"),
        (b'{"x":' * 100_000, "application/json", 400, "MALFORMED_BODY"),
        (b"{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{}", "application/json; charset=latin-1", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'"' + b"a" * 1_100_000 + b'"', "application/json", 413, "BODY_TOO_LARGE"),
    ],
)
async def test_what_is_no_json_is_refused_as_that(
    api: httpx2.AsyncClient, content: bytes, media_type: str, status: int, code: str
) -> None:
    answer = await api.post("/api/v1/jobs", content=content, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/v1/schools?q=a%00b", "q"),
        ("/api/v1/schools/99999999999999999999", "school_id"),
        ("/api/v1/staff?seen_since=0.5", "seen_since"),
        ("/api/v1/staff?seen_since=2026-02-30", "seen_since"),
        (f"/api/v1/staff?role={'a' * 201}", "role"),
    ],
)
async def test_a_parameter_that_cannot_be_meant_is_named(api: httpx2.AsyncClient, path: str, parameter: str) -> None:
    answer = await api.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, parameter), answer.text


async def test_options_names_all_methods_of_an_address(api: httpx2.AsyncClient) -> None:
    answer = await api.request("OPTIONS", "/api/v1/schedules")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, OPTIONS, POST")


def test_every_example_is_a_good_body(app: Litestar) -> None:
    handlers = handlers_with_a_body(app)
    for name, examples in body_examples().items():
        for example in examples.values():
            body_type = handlers[name].parsed_data_field.annotation
            assert msgspec.convert(example["value"], body_type, strict=True), (name, example["summary"])


async def test_the_description_says_what_is_refused(api: httpx2.AsyncClient) -> None:
    described = (await api.get("/schema/openapi.json")).json()
    operations = [operation for item in described["paths"].values() for operation in item.values()]
    assert {tag for operation in operations for tag in operation["tags"]} == set(TAGS)
    create = described["paths"]["/api/v1/jobs"]["post"]
    assert {"400", "401", "403", "413", "415", "422", "429", "default"} <= set(create["responses"])
    assert "pipeline" in create["requestBody"]["content"]["application/json"]["examples"]
    params = described["components"]["schemas"]["ExportLeads"]
    assert params["additionalProperties"] is False
    assert {"type": "number", "exclusiveMinimum": 0, "maximum": 500} in params["properties"]["radius"]["anyOf"]


async def test_the_reference_is_served_from_here_alone(stranger: httpx2.AsyncClient) -> None:
    page = await stranger.get("/docs")
    assert page.headers["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]
    assert "//" not in page.text  # no address of another server
    for name in ("scalar.js", "scalar.css", "reference.js", "LICENSE-scalar.txt"):
        assert name.endswith(".txt") or f'"/docs/{name}"' in page.text
        packed = await stranger.get(f"/docs/{name}", headers={"Accept-Encoding": "gzip"})
        plain = await stranger.get(f"/docs/{name}", headers={"Accept-Encoding": "identity"})
        assert (packed.status_code, packed.content) == (200, plain.content), name
        assert packed.headers["content-type"] == plain.headers["content-type"]
        assert "content-encoding" not in plain.headers
        again = await stranger.get(f"/docs/{name}", headers={"If-None-Match": plain.headers["etag"]})
        assert again.status_code == 304
    assert (await stranger.get("/docs/../settings.py")).status_code == 404
