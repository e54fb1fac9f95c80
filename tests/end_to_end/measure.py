"""How right the product is on a simulated web of any size: all schools, then by need, layout and trap.

Real processes on an embedded database, as in the tests; the pause between requests to a host is theirs too.
Usage: python -m tests.end_to_end.measure --wide --schools 200 --districts 40 --out DIR
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from storage.embedded import EmbeddedPostgres
from tests.databases import fresh_database
from tests.end_to_end.conftest import prepare_account
from tests.end_to_end.product import DELAY_SECONDS, Product, running_product, served_web
from tests.end_to_end.test_pipeline import start_pipeline
from tests.school_web.files import LOG
from tests.school_web.parts import Part
from tests.school_web.score import Score


def main() -> None:
    """Runs the pipeline once and prints the figures; `score.json`, the CSVs and the web's log stay in the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schools", type=int, default=48)
    parser.add_argument("--districts", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1965)
    parser.add_argument("--wide", action="store_true", help="all layouts and traps")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="t1-"))
    folder.chmod(0o755)  # as root, the database server runs as a user of its own and must reach its folder
    server = EmbeddedPostgres(folder / "pg")
    try:
        with (
            served_web(
                folder / "web",
                schools=options.schools,
                districts=options.districts,
                seed=options.seed,
                wide=options.wide,
            ) as web,
            fresh_database(server.acquire()) as url,
            running_product(folder, url, prepare_account(url, web, migrated=False), web) as product,
        ):
            measure(product, options.out, Console(width=140))
    finally:
        server.release()
        server.wait_until_stopped(30)
        shutil.rmtree(folder, ignore_errors=True)


def measure(product: Product, out: Path, console: Console) -> None:
    """Runs the pipeline, keeps what came of it, prints it."""
    job_id = start_pipeline(product)
    begun = time.monotonic()
    for of, event in product.run(job_id):
        if event.kind in {"started", "succeeded", "failed", "requeued"}:
            console.print(f"{time.monotonic() - begun:7.1f} s  {of}: {event.kind}")
    job = product.client.get(f"/api/v1/jobs/{job_id}")
    for child in job["children"]:
        console.print(child["kind"], child["state"], child.get("result"))
    result = product.result(job["children"][-1]["id"])
    (out / "score.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    for file in (product.folder / "schools.csv", product.folder / "leads.csv", product.web.folder / LOG):
        shutil.copyfile(file, out / file.name)
    show(result, console)
    console.print(f"{time.monotonic() - begun:.0f} s at {DELAY_SECONDS} s between two requests to a host")


def show(result: Score, console: Console) -> None:
    """Prints the figures."""
    console.print(f"schools {result.schools_found}/{result.schools_total}")
    console.print(f"websites: precision {result.websites_precision:.3f}, coverage {result.websites_coverage:.3f}")
    console.print(f"pairs: precision {result.pair_precision:.3f}, recall {result.pair_recall:.3f}")
    console.print(f"names: precision {result.name_precision:.3f}, recall {result.name_recall:.3f}")
    console.print(f"staff of the right school: {result.right_school:.3f}")
    console.print(f"robots.txt rules broken {result.robots_violations}, hosts asked too fast {result.rate_violations}")
    console.print(f"taken for staff: {result.false_people}")
    console.print(_table("what it takes to read the list", result.needs.items()))
    console.print(_table("layout", result.layouts.items()))
    console.print(_table("trap", result.traits.items()))


def _table(title: str, parts: Iterable[tuple[str, Part]]) -> Table:
    table = Table(
        title, "schools", "sites right", "wrong", "pair P", "pair R", "name P", "name R", "right school", "empty"
    )
    for name, one in parts:
        shares = (one.pair_precision, one.pair_recall, one.name_precision, one.name_recall, one.right_school)
        counts = (one.schools, one.websites_right, one.websites_wrong)
        table.add_row(name, *map(str, counts), *(f"{share:.3f}" for share in shares), str(one.staff_lists_empty))
    return table


if __name__ == "__main__":
    main()
