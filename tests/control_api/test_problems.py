"""Every error is a problem with a code, a cause and nothing of our insides; health says what is the matter."""

from __future__ import annotations

import logging
from typing import Any

import httpx2
import psycopg
import pytest
from litestar import Litestar
from psycopg import sql
from sqlalchemy.engine import make_url

from control_api.problems import describe
from control_api.responses import SECURITY_HEADERS
from extraction.errors import PdfError
from storage.errors import LeaseLostError, StorageError
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf


class ScrapingError(StorageError):
    """As the crawler's results name it."""

    code = "SCRAPING_ERROR"
    status = 502


@pytest.mark.parametrize(
    ("error", "status", "code", "detail"),
    [
        (PdfError("It is encrypted."), 422, "PDF_EXTRACTION_ERROR", "It is encrypted."),
        (LeaseLostError("Attempt 1 is over."), 409, "LEASE_LOST", "Attempt 1 is over."),
        (ScrapingError("The site answered 500."), 502, "SCRAPING_ERROR", "The site answered 500."),
    ],
)
def test_an_error_of_any_room_is_told_in_its_own_words(error: Exception, status: int, code: str, detail: str) -> None:
    problem, _ = describe(error, instance="/here")
    assert (problem.status, problem.code, problem.detail, problem.instance) == (status, code, detail, "/here")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/api/v1/jobs/not-a-uuid", 404, "NOT_FOUND"),
        ("GET", "/schema/nowhere", 404, "NOT_FOUND"),
        ("GET", "/static/../settings.py", 404, "NOT_FOUND"),
        ("DELETE", "/api/v1/jobs", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_what_is_not_there_is_told_as_a_problem(
    api: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await api.request(method, path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert {"title", "detail", "instance"} <= set(problem)
    assert answer.headers.items() >= {name.lower(): value for name, value in SECURITY_HEADERS.items()}.items()


async def test_an_internal_error_tells_a_reference_and_nothing_else(
    app: Litestar, api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("password=hunter2 at /srv/secret.py")

    monkeypatch.setattr("control_api.schools.service.find_schools", broken)
    with caplog.at_level(logging.ERROR):
        answer = await api.get("/api/v1/schools")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "INTERNAL_ERROR")
    assert "hunter2" not in answer.text
    assert "secret" not in answer.text
    assert problem["reference"] in caplog.text
    assert "hunter2" in caplog.text


async def test_the_page_and_its_files_need_no_key(stranger: httpx2.AsyncClient) -> None:
    page = await stranger.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    icon = await stranger.get("/static/icon.svg")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    again = await stranger.get("/static/icon.svg", headers={"If-None-Match": icon.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await stranger.get("/static/../controller.py")).status_code == 404
    assert (await stranger.get("/static/%2e%2e/controller.py")).status_code == 404


async def test_the_api_is_described_without_a_key(stranger: httpx2.AsyncClient) -> None:
    described = (await stranger.get("/schema/openapi.json")).json()
    assert (await stranger.get("/schema")).json() == described
    assert described["openapi"].startswith("3.1")
    paths = described["paths"]
    assert {"/api/v1/documents", "/api/v1/jobs", "/api/v1/jobs/{job_id}/events", "/health/ready"} <= set(paths)
    assert "multipart/form-data" in paths["/api/v1/documents"]["post"]["requestBody"]["content"]
    assert described["security"] == [{"key": []}, {"header": []}]
    assert paths["/health/live"]["get"]["security"] == []
    written = await stranger.get("/schema/openapi.yaml")
    assert (written.status_code, written.text.startswith("components:") or "openapi:" in written.text) == (200, True)
    assert {"title", "status", "code", "detail"} <= set(described["components"]["schemas"]["Problem"]["required"])
    for path, operations in paths.items():
        for operation in operations.values():
            assert operation["summary"], path
            refusals = {code: answer for code, answer in operation["responses"].items() if code >= "4"}
            assert "default" in refusals
            assert all(set(answer["content"]) == {"application/problem+json"} for answer in refusals.values()), path


async def test_ready_means_the_schema_is_this_versions(stranger: httpx2.AsyncClient, database_url: str) -> None:
    assert (await stranger.get("/health/ready")).status_code == 200
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        stale = await stranger.get("/health/ready")
        connection.execute("DROP TABLE alembic_version")
        empty = await stranger.get("/health/ready")
    for answer in (stale, empty):
        assert (answer.status_code, answer.json()["code"]) == (503, "NOT_READY")


async def test_without_the_database_requests_wait_for_nothing_and_it_is_found_again(
    client_of: ClientOf, account: KeyedAccount, database_url: str, postgres_url: str
) -> None:
    api, stranger = client_of(account), client_of(None)
    assert (await api.get("/api/v1/schools")).status_code == 200
    name = sql.Identifier(make_url(database_url).database or "")
    gone = sql.Identifier(f"{make_url(database_url).database}_gone")
    with psycopg.connect(postgres_url, autocommit=True) as server:

        def rename(old: sql.Identifier, new: sql.Identifier) -> None:
            server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(old))
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [make_url(database_url).database],
            )
            server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, new))
            server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(new))

        rename(name, gone)
        try:
            for path in ("/api/v1/schools", "/api/v1/jobs", "/api/v1/events", "/health/ready"):
                answer = await api.get(path)
                assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE"), path
                assert answer.headers["retry-after"] == "5"
                assert "SELECT" not in answer.text
            assert (await stranger.get("/health/live")).status_code == 200
            assert (await stranger.get("/")).status_code == 200
        finally:
            rename(gone, name)
    assert (await api.get("/api/v1/schools")).status_code == 200
