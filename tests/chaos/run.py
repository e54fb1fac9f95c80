"""The long kill test: a pipeline over a simulated web of schools, once undisturbed and once with random kills.

Both run at the same time, on databases and webs of their own, of the same seed. Spiders, fork server, worker and
database are killed at random moments while websites are discovered and staff is harvested; then both end states,
stories, logs of requests and process tables are compared. Exit status 1 if any promise is broken.
Usage: python -m tests.chaos.run --schools 200 --kills 24 --seed N
"""

from __future__ import annotations

import argparse
import contextlib
import random
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console

from control_api.cli.client import Event
from storage.embedded import EmbeddedPostgres
from tests.chaos.endstate import read_state
from tests.chaos.kills import Kill, Killed, Killer, plan
from tests.chaos.requests import Asked, asked
from tests.chaos.verdict import Outcome, Verdict, judge, left_over, show
from tests.databases import fresh_database
from tests.end_to_end.conftest import prepare_account
from tests.end_to_end.product import Product, running_product, served_web
from tests.end_to_end.test_pipeline import start_pipeline
from tests.school_web.files import LOG, TRUTH
from tests.school_web.truth import read_truth

CRAWLS = ("discover_websites", "harvest_staff")
DELAY_SECONDS = 0.6
"""The pause between requests to one host: the pages then come over minutes, and not all in one burst."""
BACKOFF_SECONDS = 1.0
"""Else most of the crawl would be waiting for the simulated search engine, which often has nothing to say."""
_PREPARING = threading.Lock()
"""The migrations' library knows one database at a time."""
_STOPPING = threading.Event()
LONGEST_RUN_SECONDS = 1200.0
"""A run that takes longer hangs."""


def main(arguments: list[str] | None = None) -> int:
    """Runs both and tells the verdict; returns the exit status."""
    options = _options(arguments)
    # What is told while it runs must not disturb the JSON.
    console = Console(width=140, stderr=bool(options.json))
    folder = Path(tempfile.mkdtemp(prefix="t1-"))
    folder.chmod(0o755)  # as root, the database server runs as a user of its own and must reach its folder
    console.print(f"seed {options.seed}: {options.schools} schools, {options.kills} kills, files in {folder}")
    rng = random.Random(options.seed)
    try:
        with ThreadPoolExecutor(2) as both:
            runs = [
                both.submit(run, folder / "undisturbed", options, console, None),
                both.submit(run, folder / "disturbed", options, console, rng),
            ]
            try:
                ended = wait(runs, return_when=FIRST_EXCEPTION).done
            finally:
                _STOPPING.set()
        for one in ended:
            one.result()  # raises what went wrong first
        undisturbed, disturbed = (one.result() for one in runs)
        verdict = judge(undisturbed, disturbed, kills=options.kills)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(_told(options, verdict)), indent=1).decode())
    else:
        show(verdict, console)
    console.print(f"again with: python -m tests.chaos.run --schools {options.schools} --kills {options.kills} "
                  f"--districts {options.districts} --within {options.within:g} --seed {options.seed}")  # fmt: skip
    return 0 if verdict.kept else 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=200)
    parser.add_argument("--districts", type=int, default=40)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--within", type=float, default=240.0, help="seconds of the crawl in which all kills fall")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the kills (default: a new one)")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON; progress goes to stderr")
    parser.add_argument("--keep", action="store_true", help="keep databases, logs and the web's log")
    return parser.parse_args(arguments)


def _told(options: argparse.Namespace, verdict: Verdict) -> dict[str, object]:
    asked_for = {name: getattr(options, name) for name in ("seed", "schools", "districts", "kills", "within")}
    return asked_for | {"kept": verdict.kept} | msgspec.to_builtins(verdict)


def run(folder: Path, options: argparse.Namespace, console: Console, rng: random.Random | None) -> Outcome:
    """Runs the pipeline once on a database and a web of its own; with an `rng`, disturbs it at its moments."""
    with _surroundings(folder, options) as (product, server):
        story = Story(product)
        story.begin()
        begun = time.monotonic()
        killed: list[Killed] = []
        if rng is not None:
            kills = plan(rng, options.kills, options.within)
            killed = _disturb(story, Killer(product, server, folder / "pg", rng), kills, console)
        story.follow_to_the_end(
            lambda words: console.print(f"{time.monotonic() - begun:7.1f} s  {folder.name}: {words}")
        )
        job = product.client.get(f"/api/v1/jobs/{story.job_id}")
        assert job["state"] == "succeeded", (job, product.story(story.job_id))
        score = product.result(job["children"][-1]["id"])
        state, requests = read_state(product), _requests(product)
        sequences = story.missed(product)
    left = left_over(folder)
    seconds = round(time.monotonic() - begun, 1)
    return Outcome(state, requests, score, killed, sequences, left, seconds)


@contextlib.contextmanager
def _surroundings(folder: Path, options: argparse.Namespace) -> Generator[tuple[Product, EmbeddedPostgres]]:
    folder.mkdir()
    server = EmbeddedPostgres(folder / "pg")
    with contextlib.ExitStack() as stack:
        stack.callback(server.wait_until_stopped, 60)
        stack.callback(server.release)
        with _PREPARING:
            web = stack.enter_context(
                served_web(folder / "web", schools=options.schools, districts=options.districts, wide=True)
            )
            url = stack.enter_context(fresh_database(server.acquire()))
            key = prepare_account(url, web, migrated=False)
            product = stack.enter_context(
                running_product(folder, url, key, web, workers=False, delay_seconds=DELAY_SECONDS)
            )
        # Browsers too are told from those of others by what they were given.
        (folder / "tmp").mkdir()
        product.environment |= {"TMPDIR": str(folder / "tmp"), "TITLE1_CRAWL_BACKOFF_SECONDS": str(BACKOFF_SECONDS)}
        product.start_worker()
        yield product, server


def _requests(product: Product) -> Asked:
    return asked(product.web.folder / LOG, read_truth(product.web.folder / TRUTH))


@dataclass(slots=True)
class Story:
    """What a client hears of a pipeline and its steps while servers come and go, and when."""

    product: Product
    job_id: str = ""
    heard: list[tuple[str, Event, float]] = field(default_factory=list[tuple[str, Event, float]])
    """Kind of job, event, time by the monotonic clock."""
    _listener: threading.Thread | None = None
    _error: BaseException | None = None

    def begin(self) -> None:
        """Starts the pipeline and listens."""
        self.job_id = start_pipeline(self.product)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def goes_on(self) -> bool:
        """Whether websites or people are still being looked for."""
        return self._alive() and self._ended_at(CRAWLS[-1]) is None

    def wait_for_crawl(self) -> float:
        """Waits until the first crawl begins and returns when it did."""
        while (begun := self._begun_at(CRAWLS[0])) is None and self._alive():
            time.sleep(0.05)
        return begun or time.monotonic()

    def during(self) -> str:
        """What goes on: the kind of job that began last."""
        return next((of for of, event, _ in reversed(self.heard) if event.kind == "started"), "")

    def follow_to_the_end(self, tell: Callable[[str], None]) -> None:
        """Waits for the pipeline's end and tells of each step's.

        Raises:
            TimeoutError: it did not come.
        """
        deadline, told = time.monotonic() + LONGEST_RUN_SECONDS, 0
        while self._alive() or told < len(self.heard):
            for of, event, _ in self.heard[told:]:
                told += 1
                if event.kind in {"succeeded", "failed"}:
                    tell(f"{of}: {event.kind}")
            if time.monotonic() > deadline:
                raise TimeoutError(self.product.story(self.job_id))
            time.sleep(0.1)
        if self._error is not None:
            raise self._error

    def missed(self, product: Product) -> list[str]:
        """By kind of job, where what was heard is not the whole story, each line once and in its order."""
        stored = product.rows("SELECT kind, last_seq FROM job")
        heard = {kind: [int(event.id) for of, event, _ in self.heard if of == kind] for kind, _ in stored}
        return [f"{kind}: {heard[kind]}" for kind, last in stored if heard[kind] != list(range(1, last + 1))]

    def _listen(self) -> None:
        try:
            for of, event in self.product.run(self.job_id):
                self.heard.append((of, event, time.monotonic()))
        except BaseException as error:  # noqa: BLE001  told by whoever waits for the end
            self._error = error

    def _alive(self) -> bool:
        """Whether the story goes on; whoever waits for it asks often, and so supervises the worker."""
        self.product.keep_worker()
        if _STOPPING.is_set():
            raise InterruptedError("the other run failed, or somebody wanted no more of this")
        return self._listener is not None and self._listener.is_alive()

    def _begun_at(self, kind: str) -> float | None:
        return next((at for of, event, at in self.heard if of == kind and event.kind == "started"), None)

    def _ended_at(self, kind: str) -> float | None:
        return next((at for of, event, at in self.heard if of == kind and event.kind in {"succeeded", "failed"}), None)


def _disturb(story: Story, killer: Killer, kills: list[Kill], console: Console) -> list[Killed]:
    killed: list[Killed] = []
    begun = story.wait_for_crawl()
    for number, kill in enumerate(kills, 1):
        while time.monotonic() < begun + kill.seconds and story.goes_on():
            time.sleep(0.01)
        during = story.during()
        if not killer.kill(kill.victim, story.goes_on):
            console.print(f"          {kill.victim} was not there to be killed")
            continue
        killed.append(Killed(round(time.monotonic() - begun, 2), kill.victim, during))
        console.print(f"{killed[-1].seconds:7.1f} s  kill {number}/{len(kills)}: {kill.victim} during {during}")
    return killed


if __name__ == "__main__":
    sys.exit(main())
