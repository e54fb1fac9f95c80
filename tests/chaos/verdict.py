"""What was promised and what came of it: two runs side by side, as values and as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from tests.chaos.endstate import EndState
from tests.chaos.kills import Killed
from tests.chaos.requests import Again, Asked, asked_again
from tests.school_web.score import Score

MOST_AGAIN = 0.05
"""Share of the undisturbed run's pages that kills may cost."""
_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    state: EndState
    requests: Asked
    score: Score
    killed: list[Killed]
    misheard: list[str]
    """Jobs whose story a client did not hear line by line."""
    left: list[str]
    """Processes that outlived the product."""
    seconds: float


class Promise(msgspec.Struct, frozen=True):
    """One promise and what broke it."""

    words: str
    broken_by: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether nothing broke it."""
        return not self.broken_by


class Verdict(msgspec.Struct, frozen=True):
    """All promises, and the figures beside them."""

    promises: tuple[Promise, ...]
    killed: tuple[Killed, ...]
    victims: dict[str, int]
    rows: dict[str, int]
    """Rows of each part of the end state."""
    again: Again
    pages: int
    seconds: tuple[float, float]
    """The whole undisturbed and disturbed run."""

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises)


def judge(undisturbed: Outcome, disturbed: Outcome, *, kills: int) -> Verdict:
    """Compares a disturbed run with an undisturbed one, and both with what holds for any run."""
    again = asked_again(undisturbed.requests, disturbed.requests)
    pages = sum(undisturbed.requests.pages.values())
    before, after = undisturbed.state, disturbed.state
    promises = [
        Promise(f"{kills} kills found their victim", _unless(len(disturbed.killed) == kills, f"{disturbed.killed}")),
        Promise("nobody is lost", _lost(before, after)),
        Promise("nobody is there twice", tuple(after.twice())),
        *(
            Promise(f"{part} as undisturbed", differences(before.parts[part], after.parts[part]))
            for part in after.parts
        ),
        *(Promise(words, tuple(rows)) for words, rows in after.broken.items()),
        *(
            Promise(f"undisturbed: {words}", tuple(rows))
            for words, rows in before.broken.items()
            if rows and not after.broken[words]
        ),
        Promise("a client hears each event once, in order", tuple(disturbed.misheard)),
        Promise("robots.txt is heeded", disturbed.score.details.robots),
        Promise("hosts are not asked too fast", disturbed.score.details.rate),
        Promise(
            f"pages asked for again: at most {MOST_AGAIN:.0%}",
            _unless(again.share <= MOST_AGAIN, f"{again.pages} of {pages}"),
        ),
        Promise("no process is left", tuple(disturbed.left)),
    ]
    return Verdict(
        promises=tuple(promises),
        killed=tuple(disturbed.killed),
        victims=dict(Counter(kill.victim for kill in disturbed.killed)),
        rows={part: rows.total() for part, rows in after.parts.items()},
        again=again,
        pages=pages,
        seconds=(undisturbed.seconds, disturbed.seconds),
    )


def differences(before: Counter[str], after: Counter[str]) -> tuple[str, ...]:
    """Rows that only one of two runs has, as often as the other lacks them."""
    lost, new = before - after, after - before
    return (*(f"- {row}" for row in sorted(lost.elements())), *(f"+ {row}" for row in sorted(new.elements())))


def left_over(folder: Path) -> list[str]:
    """Processes that were given something of a run's folder, by command or environment, and still run."""
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            given = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue  # ended just now, or another user's
        if process.pid != psutil.Process().pid and any(str(folder) in word for word in given):
            found.append(f"{process.pid} {' '.join(process.cmdline())[:200]}")
    return found


def show(verdict: Verdict, console: Console) -> None:
    """Prints the verdict as tables, and what broke a promise."""
    table = Table("promise", "", "broken by", title="What is promised")
    for promise in verdict.promises:
        table.add_row(promise.words, "kept" if promise.kept else "BROKEN", str(len(promise.broken_by) or ""))
    console.print(table)
    for promise in verdict.promises:
        for row in promise.broken_by[:_MOST_SHOWN]:
            console.print(f"{promise.words}: {row}", soft_wrap=True, markup=False, highlight=False)
    console.print("stored: " + ", ".join(f"{count} {part}" for part, count in verdict.rows.items()))
    again = verdict.again
    console.print(
        f"asked for again: {again.pages} of {verdict.pages} pages ({again.share:.2%}), {again.robots} robots.txt, "
        f"{again.searches} searches; most often: {again.most[:3]}"
    )
    console.print(f"kills: {verdict.victims}")
    console.print(f"{verdict.seconds[0]:.0f} s undisturbed, {verdict.seconds[1]:.0f} s disturbed")


def _lost(before: EndState, after: EndState) -> tuple[str, ...]:
    """People of a school, and addresses, that the disturbed run does not have at all."""
    there = {_person(row) for row in after.parts["posts"]}
    return tuple(" | ".join(map(str, person)) for row in before.parts["posts"] if (person := _person(row)) not in there)


def _person(row: str) -> tuple[str, str, str | None]:
    post = msgspec.json.decode(row)
    return post["school"], post["name"].casefold(), post["email"]


def _unless(kept: bool, words: str) -> tuple[str, ...]:
    return () if kept else (words,)
