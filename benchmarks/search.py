"""How long a page of a search takes in an organization of a million people.

Invented people stand in a PostgreSQL of this run's own. Each kind of search is asked many times with other words and
places, as the API asks it: one transaction of the tenant's, fifty people and their posts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from statistics import median

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.crawls.product import server
from benchmarks.searches.population import TITLES, Names, fill
from control_api.schools.service import near_place
from control_api.staff.service import StaffService
from extraction.places import states
from storage.accounts import Account, create_account
from storage.conninfo import conninfo
from storage.database import Database
from storage.filters import SchoolFilter, StaffFilter
from storage.migrations.run import migrate
from storage.roles import Role
from storage.search import PageKey
from tests.conftest import fresh_database

PAGE = 50
_EXAMPLES = """\
examples:
  python benchmarks/search.py                                a million people, 40 searches of each kind
  python benchmarks/search.py --people 20000 --searches 5 --json
"""

Wish = tuple[StaffFilter, PageKey | None]


class Kind(msgspec.Struct, frozen=True):
    """What one kind of search took, in milliseconds."""

    kind: str
    searches: int
    people: float
    """Found on a page, in the mean."""
    p50: float
    p99: float


def main() -> None:
    """Fills a database, asks, and prints what it took."""
    wanted = _arguments()
    with server() as postgres, fresh_database(postgres) as url:
        migrate(url)
        account = asyncio.run(_organization(url))
        with psycopg.connect(conninfo(url), autocommit=True) as connection:
            fill(connection, account.organization_id, wanted.people, seed=wanted.seed)
        measured = asyncio.run(_measured(url, account, wanted.searches, random.Random(wanted.seed)))
    kinds = [_summed(kind, runs) for kind, runs in measured.items()]
    kinds.append(_summed("all", [run for runs in measured.values() for run in runs]))
    if wanted.json:
        print(json.dumps(msgspec.to_builtins(kinds)))
        return
    table = Table("search", "asked", "people found", "p50 ms", "p99 ms", title=f"{wanted.people:,} people")
    for kind in kinds:
        table.add_row(kind.kind, str(kind.searches), f"{kind.people:.1f}", f"{kind.p50:.1f}", f"{kind.p99:.1f}")
    Console().print(table)


async def _organization(url: str) -> Account:
    database = Database(url)
    try:
        async with database.system() as connection:
            return (await create_account(connection, organization="Bench", user="bench", role=Role.ADMIN))[0]
    finally:
        await database.close()


async def _measured(
    url: str, account: Account, searches: int, chance: random.Random
) -> dict[str, list[tuple[float, int]]]:
    """Milliseconds and people of each search, by kind; the kinds take turns."""
    database = Database(url)
    staff = StaffService(database, account)
    measured: dict[str, list[tuple[float, int]]] = {kind: [] for kind in KINDS}
    try:
        for turn in range(searches + 1):
            for kind, wish in KINDS.items():
                wanted, after = wish(chance)
                began = time.perf_counter()
                found = await staff.page(wanted, after=after, most=PAGE + 1)
                took = 1000 * (time.perf_counter() - began)
                if turn:  # the first of each kind fills caches that a running server has
                    measured[kind].append((took, len(found.rows)))
    finally:
        await database.close()
    return measured


_NAMES = Names()


def _name(chance: random.Random) -> tuple[str, str]:
    return next(iter(_NAMES.draw(chance, 1)))


def _place(chance: random.Random) -> SchoolFilter:
    return SchoolFilter(state=chance.choice([*states()]))


def _role(chance: random.Random) -> str:
    return chance.choice(TITLES)[1]


def _around(chance: random.Random) -> SchoolFilter:
    point = f"{chance.uniform(25, 48):.4f},{chance.uniform(-123, -68):.4f}"
    return SchoolFilter(near=near_place(point, chance.choice((10, 25, 50))))


KINDS: dict[str, Callable[[random.Random], Wish]] = {
    "last name": lambda chance: (StaffFilter(q=_name(chance)[1]), None),
    "rare last name": lambda chance: (StaffFilter(q=chance.choice(_NAMES.last)), None),
    "commonest last names": lambda chance: (StaffFilter(q=chance.choice(_NAMES.last[:20])), None),
    "first and last name": lambda chance: (StaffFilter(q=" ".join(_name(chance))), None),
    "three letters": lambda chance: (StaffFilter(q=_name(chance)[1][:3]), None),
    "misspelled": lambda chance: (StaffFilter(q=_misspelled(chance)), None),
    "title": lambda chance: (StaffFilter(q=chance.choice(TITLES)[2]), None),
    "role": lambda chance: (StaffFilter(role=_role(chance)), None),
    "role in a state": lambda chance: (StaffFilter(role=_role(chance), schools=_place(chance)), None),
    "last name in a state": lambda chance: (StaffFilter(q=_name(chance)[1], schools=_place(chance)), None),
    "with e-mail in a state": lambda chance: (StaffFilter(has_email=True, schools=_place(chance)), None),
    "around a place": lambda chance: (StaffFilter(schools=_around(chance)), None),
    "everybody, anywhere": lambda chance: (StaffFilter(), (_name(chance)[1], chance.randrange(1_000_000))),
}


def _misspelled(chance: random.Random) -> str:
    name = next(name for _ in range(1000) if len(name := _name(chance)[1]) > 6)
    at = chance.randrange(2, len(name) - 2)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _summed(kind: str, runs: Sequence[tuple[float, int]]) -> Kind:
    took = sorted(run[0] for run in runs)
    people = sum(run[1] for run in runs) / max(len(runs), 1)
    return Kind(kind, len(runs), people, median(took), took[min(len(took) - 1, int(0.99 * len(took)))])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/search.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=1_000_000, help="in the organization (default: a million)")
    parser.add_argument("--searches", type=int, default=40, help="of each kind (default: 40)")
    parser.add_argument("--seed", type=int, default=7, help="of names, places and searches (default: 7)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args()
    if wanted.people < 1 or wanted.searches < 1:
        parser.error("--people and --searches must be 1 or more")
    return wanted


if __name__ == "__main__":
    main()
