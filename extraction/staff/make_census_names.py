"""Makes `census_given_names.txt` anew: `python -m extraction.staff.make_census_names > census_given_names.txt`.

Needs the package `names` (lists of the census of 1990). The program itself does without it: it is not kept up since
2013, and of its 3 MB only these names were measured to help (docs/architecture.md).
"""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from importlib.resources import files

from extraction.staff.vocabulary import words

SMALLEST_SHARE = 0.004
"""Percent of men and of women together. Rarer ones are as often words ("See", "Many")."""
_CREDIT = """\
# Given names that at least 0.004 % have in the United States census of 1990 (Bureau of the Census, public domain).
# From the lists of the package names 0.3.0 (MIT License, Trey Hunner, https://github.com/treyhunner/names).
# Changed: one list, without names that are words of schools. Made by make_census_names.py.
"""


def table() -> str:
    """The table's text."""
    shares: Counter[str] = Counter()
    for gender in ("female", "male"):
        for line in files("names").joinpath(f"dist.{gender}.first").read_text("ascii").splitlines():
            name, share, *_ = line.split()
            shares[name.capitalize()] += float(share)  # pyright: ignore[reportArgumentType]  counters hold fractions too
    stop = words("names", "stop_words")
    kept = sorted(
        name for name, share in shares.items() if share >= SMALLEST_SHARE and len(name) > 2 and name.lower() not in stop
    )
    return _CREDIT + textwrap.fill(" ".join(kept), 118) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
