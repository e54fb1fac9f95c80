"""Spiders that a worker starts by way of the fork server: each with its own surroundings, and none left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from control_api.work import launcher as launching
from control_api.work.launcher import Launcher, Spider
from tests.crawler.conftest import ROOT, Crawler, Web, home_page, wait_until

FIT_TO_FORK = """
import json, os, sys, threading
from crawler import forkserver
opened = set(os.listdir("/proc/self/fd"))
forkserver.preload()
from crawler.crawl_settings import crawl_settings
from crawler.discovery import settings as discovery
from crawler.browser import settings as browser
told = {
    "tasks": len(os.listdir("/proc/self/task")),
    "threads": [thread.name for thread in threading.enumerate()],
    "opened": sorted(set(os.listdir("/proc/self/fd")) - opened),
    "reactor": "twisted.internet.reactor" in sys.modules,
    "project settings": "crawler.settings" in sys.modules,
    "read": [
        name
        for module in (sys.modules["crawler.crawl_settings"], discovery, browser)
        for name, value in vars(module).items()
        if hasattr(value, "cache_info") and value.cache_info().currsize
    ],
    "imported": all(name in sys.modules for name in ("lxml", "crawler.pipelines.store", "sqlalchemy", "aiohttp")),
}
print(json.dumps(told))
"""


@dataclass(slots=True)
class Worker:
    """What a worker does about spiders."""

    launcher: Launcher
    crawler: Crawler
    web: Web

    async def launch(self, host: str, *options: str, log: str = "log.txt", **environment: str) -> Spider:
        with (self.crawler.folder / log).open("wb") as file:
            return await self.launcher.launch(
                ["staff_directory", f"url={self.web.url(host)}", *options],
                environment=self.crawler._environment() | environment,
                log=file,
            )

    def server(self) -> psutil.Process:
        assert self.launcher._server.pid
        return psutil.Process(self.launcher._server.pid)

    async def until_asked(self, host: str) -> None:
        """Waits until a spider hangs at this host."""
        await until(lambda: "/" in self.web.paths(host))


async def until(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_until, condition)


@pytest.fixture
async def worker(crawler: Crawler, loopback: Web) -> AsyncGenerator[Worker]:
    """A worker, and hosts of which some never answer."""
    for host in ("stuck.test", "silent.test"):
        loopback.page(host, "/", "never", seconds=3600)
    loopback.page("pine.test", "/", home_page("Pine", {}))
    crawler.hosts("stuck.test", "silent.test", "pine.test")
    launcher = Launcher()
    yield Worker(launcher, crawler, loopback)
    await launcher.close()


def test_what_is_imported_beforehand_is_fit_to_be_forked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIT_TO_FORK], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == {
        "tasks": 1,
        "threads": ["MainThread"],
        "opened": [],
        "reactor": False,
        "project settings": False,
        "read": [],
        "imported": True,
    }


async def test_each_spider_has_its_own_surroundings(worker: Worker, loopback: Web, tmp_path: Path) -> None:
    contacts = {"stuck.test": "https://one.example/", "silent.test": "https://two.example/"}
    spiders: dict[str, Spider] = {}
    for host, contact in contacts.items():
        spiders[host] = await worker.launch(host, log=f"{host}.txt", TITLE1_CRAWL_CONTACT=contact)
        await worker.until_asked(host)
    for host, contact in contacts.items():
        assert {contact in hit.agent for hit in loopback.hits if hit.host == host} == {True}
    server, processes = worker.server(), worker.server().children()
    assert server.num_threads() == 1
    assert len({os.getsid(process.pid) for process in [server, *processes]}) == 3
    assert all(os.getpgid(process.pid) == process.pid for process in processes)
    assert {process.cwd() for process in processes} == {str(ROOT)}
    of_server, *of_spiders = [opened_by(process) for process in [server, *processes]]
    assert [opened["0"] for opened in of_spiders] == [os.devnull] * 2
    first, second = map(sockets, of_spiders)
    assert [len(sockets(of_server) & mine) for mine in (first, second)] == [1, 1], "a line each"
    assert not first & second

    for host, spider in spiders.items():
        spider.terminate()
        assert await spider.wait() == 0
        spider.close()
        written = (tmp_path / f"{host}.txt").read_text(encoding="utf-8")
        assert written.count("Spider opened") == written.count("Closing spider (shutdown)") == 1
    assert server.children() == []


async def test_a_spider_tells_how_it_ended(worker: Worker, tmp_path: Path) -> None:
    spider = await worker.launch("pine.test")
    assert await spider.wait() == 0
    spider.close()
    assert "Spider closed (finished)" in (tmp_path / "log.txt").read_text(encoding="utf-8")
    refused = await worker.launch("pine.test", "oops")
    assert await refused.wait() == 2
    refused.close()
    assert "'oops' is not key=value" in (tmp_path / "log.txt").read_text(encoding="utf-8")


async def test_signals_are_for_all_that_a_spider_has_started(worker: Worker, tmp_path: Path) -> None:
    extension = '{"tests.crawler.companion.Companion": 0}'
    options = ("-s", f"EXTENSIONS={extension}", "-s", f"COMPANION={tmp_path / 'told'}")
    spider = await worker.launch("stuck.test", *options)
    await until(lambda: "companion is here" in (tmp_path / "log.txt").read_text(encoding="utf-8"))
    await worker.until_asked("stuck.test")
    begun = worker.server().children(recursive=True)
    assert len(begun) == 2
    spider.terminate()
    assert await spider.wait() == 0
    spider.close()
    assert (tmp_path / "told").read_text() == "told"
    assert psutil.wait_procs(begun, timeout=30)[1] == []


@pytest.mark.parametrize("hung", [False, True])
async def test_a_killed_spider_is_gone_though_its_server_hangs(
    worker: Worker, hung: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spider = await worker.launch("stuck.test")
    await worker.until_asked("stuck.test")
    (process,) = worker.server().children()
    if hung:
        monkeypatch.setattr(launching, "KILL_SECONDS", 0.2)
        worker.server().suspend()
    await spider.kill()
    assert await spider.wait() == (None if hung else -signal.SIGKILL)
    assert psutil.wait_procs([process], timeout=30)[1] == []
    spider.close()


async def test_a_killed_server_takes_its_spiders_along_and_a_new_one_starts_the_next(worker: Worker) -> None:
    spiders = [await worker.launch(host) for host in ("stuck.test", "silent.test")]
    for host in ("stuck.test", "silent.test"):
        await worker.until_asked(host)
    server = worker.server()
    begun = server.children()
    assert len(begun) == 2
    server.kill()
    for spider in spiders:
        assert await spider.wait() is None
        spider.close()
    assert psutil.wait_procs(begun, timeout=30)[1] == []
    following = await worker.launch("pine.test")
    assert await following.wait() == 0
    following.close()


async def test_a_spider_ends_when_nobody_listens_any_more(worker: Worker) -> None:
    spider = await worker.launch("stuck.test")
    await worker.until_asked("stuck.test")
    [process] = worker.server().children()
    spider.close()
    await until(lambda: not process.is_running())
    assert worker.server().children() == []


WORKER = """
import asyncio, os, sys
from control_api.work.launcher import Launcher

async def main():
    with open(sys.argv[1], "wb") as log:
        await Launcher().launch(sys.argv[2:], environment=os.environ, log=log)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_killed_worker_leaves_neither_server_nor_spider(crawler: Crawler, loopback: Web, tmp_path: Path) -> None:
    crawler.hosts("stuck.test")
    loopback.page("stuck.test", "/", "never", seconds=3600)
    arguments = [str(tmp_path / "log.txt"), "staff_directory", f"url={loopback.url('stuck.test')}"]
    with subprocess.Popen([sys.executable, "-c", WORKER, *arguments], cwd=ROOT, env=crawler._environment()) as worker:
        wait_until(lambda: "/" in loopback.paths("stuck.test"))
        begun = psutil.Process(worker.pid).children(recursive=True)
        assert len(begun) == 2
        worker.kill()
    assert psutil.wait_procs(begun, timeout=30)[1] == []


def sockets(opened: dict[str, str]) -> set[str]:
    return {target for target in opened.values() if target.startswith("socket:")}


def opened_by(process: psutil.Process) -> dict[str, str]:
    """What each descriptor of a process is."""
    return {link.name: str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()}
