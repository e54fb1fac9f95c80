"""The served API: it starts or says in one line why not, and stops in order with streams open."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx2
import psycopg
import pytest

from control_api import server
from control_api.app import open_doorbell
from control_api.jobs.service import Ring
from control_api.server import serve
from control_api.work.doorbell import Doorbell
from storage.database import Database
from tests.conftest import KeyedAccount

SERVE = "import sys; from control_api.server import serve; sys.exit(serve('127.0.0.1', {port}))"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(port: int, database_url: str, data_dir: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "DATABASE_URL": database_url, "TITLE1_DATA_DIR": str(data_dir)}
    return subprocess.Popen(
        [sys.executable, "-c", SERVE.format(port=port)], env=environment, stderr=subprocess.PIPE, text=True
    )


def wait_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail("the server was not ready in time")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_streams_and_then_the_process(
    database_url: str, account: KeyedAccount, tmp_path: Path, stop: signal.Signals
) -> None:
    port = free_port()
    process = started(port, database_url, tmp_path)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url)
        with httpx2.stream("GET", f"{url}/api/v1/events", headers=account.headers, trust_env=False) as stream:
            pieces = stream.iter_bytes()
            assert next(pieces).startswith(b"id: ")
            process.send_signal(stop)
            # Long before a stream is an hour old, and without an error of the protocol: the last chunk was sent.
            list(pieces)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def test_a_taken_port_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert serve("127.0.0.1", port) == 1
    words = capsys.readouterr().err
    assert words == f"Title1 cannot listen on 127.0.0.1:{port}: Address already in use. Choose another --port.\n"


def test_a_missing_database_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")
    monkeypatch.setenv("TITLE1_DATA_DIR", str(tmp_path))
    assert serve("127.0.0.1", 0) == 1
    words = capsys.readouterr().err
    assert words.count("\n") == 1
    assert "PostgreSQL does not answer" in words


def test_a_second_signal_does_not_wait(database_url: str) -> None:
    made = server.ApiServer(server.create_app(), shutdown_seconds=3)
    made.handle_exit(signal.SIGINT, None)
    assert (made.should_exit, made.force_exit) == (True, False)
    made.handle_exit(signal.SIGINT, None)
    assert made.force_exit


def test_an_address_of_ipv6_is_listened_on() -> None:
    try:
        listening = server.listen_on("::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert listening.family == socket.AF_INET6


async def test_the_doorbell_rings_into_the_queue(database: Database) -> None:
    job_id = uuid4()
    async with open_doorbell(database) as ring:
        assert isinstance(ring, Ring)
        await ring(job_id, 1)
    async with database.system() as connection:
        keys = await connection.exec_driver_sql("SELECT key FROM saq.saq_jobs")
        assert any(str(job_id) in key for key in keys.scalars())


async def test_a_doorbell_out_of_reach_does_not_keep_the_api_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    async def out_of_reach(_: Doorbell) -> None:
        raise psycopg.OperationalError("no")

    async def close(_: Doorbell) -> None:
        closed.append(True)

    monkeypatch.setattr(Doorbell, "connect", out_of_reach)
    monkeypatch.setattr(Doorbell, "close", close)
    async with open_doorbell(Database("postgresql://nobody@127.0.0.1/nothing")):
        pass
    assert closed == [True]
