"""Record linkage on perturbed names: precision, recall, rows a second, beside exact names and RapidFuzz alone.

The directory is invented (tests/extraction/linkage/invented.py): 50 states, siblings and namesakes everywhere; 3 % of
the listed schools are not in it. Usage: python benchmarks/linkage.py
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz, process, utils
from rich.console import Console
from rich.table import Table

from extraction.linkage.directory import Directory
from extraction.linkage.link import link_schools
from extraction.linkage.records import Band, ListedSchool
from extraction.nces import DirectorySchool
from tests.extraction.linkage.invented import invented_directory
from tests.extraction.linkage.perturbed import printed_rows, without_some

SEED = 4711
Answers = list[str | None]


def main() -> None:
    """Links one list with each way and prints the figures."""
    full = invented_directory(SEED)
    directory, absent = without_some(full, seed=SEED)
    printed = printed_rows(full, seed=SEED)
    rows = [each.row for each in printed]
    truths = [each.nces_id if each.nces_id not in absent else None for each in printed]
    table = Table("way", "precision", "recall", "rows/s", title=f"{len(rows):,} rows, {len(directory):,} schools")
    ways: dict[str, Callable[[Sequence[ListedSchool], Sequence[DirectorySchool]], Answers]] = {
        "extraction.linkage, automatic": linked,
        "same name and district": same_name,
        "RapidFuzz WRatio ≥ 90 of the state": likeliest_name,
    }
    for name, way in ways.items():
        begun = time.perf_counter()
        found = way(rows, directory)
        seconds = time.perf_counter() - begun
        given = [(answer, truth) for answer, truth in zip(found, truths, strict=True) if answer is not None]
        right = sum(answer == truth for answer, truth in given)
        present = sum(truth is not None for truth in truths)
        table.add_row(name, f"{right / len(given):.4f}", f"{right / present:.4f}", f"{len(rows) / seconds:,.0f}")
    Console().print(table)


def linked(rows: Sequence[ListedSchool], directory: Sequence[DirectorySchool]) -> Answers:
    """The linkage, where it is certain."""
    links = link_schools(rows, Directory(directory))
    return [link.nces_id if link.band is Band.AUTOMATIC else None for link in links]


def same_name(rows: Sequence[ListedSchool], directory: Sequence[DirectorySchool]) -> Answers:
    """The school of the same name in a district of the same name."""
    known = {(school.state, _key(school.district), _key(school.name)): school.nces_id for school in directory}
    return [known.get((row.state, _key(row.district), _key(row.name))) for row in rows]


def likeliest_name(rows: Sequence[ListedSchool], directory: Sequence[DirectorySchool]) -> Answers:
    """The school whose name and district look most alike, in the state."""
    states: dict[str | None, dict[str, str]] = defaultdict(dict)
    for school in directory:
        states[school.state][school.nces_id] = _key(f"{school.name} {school.district}")
    found: Answers = []
    for row in rows:
        printed = _key(f"{row.name} {row.district or ''}")
        best = process.extractOne(printed, states[row.state], scorer=fuzz.WRatio, score_cutoff=90)
        found.append(best[2] if best else None)
    return found


def _key(text: str | None) -> str:
    return utils.default_process(text or "")


if __name__ == "__main__":
    main()
