"""The benchmark of files measures what it says; how much that is, no test asks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.bench
def test_every_format_is_written_whole_and_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.export", "--json", "--rows", "120"],
        cwd=PROJECT, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(one["rows"], one["format"]) for one in found] == [
        (120, file_format) for file_format in ("csv", "jsonl", "parquet", "xlsx")
    ]
    assert all(one["peak_mb"] >= one["before_mb"] > 0 < one["file_mb"] for one in found)
