"""What keeps reading cheap, told without a clock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.school_lists.papers import LAYOUTS, print_papers

pytestmark = pytest.mark.untraced

HEAVY = ("numpy", "openai", "PIL", "pydantic", "pypdf", "zipcodes")
"""Modules that a caged reading of a sound document does without; each takes as long to load as pages take to read."""

READ = """
import sys
from pathlib import Path
from extraction.schools.reader import read_document
rows = sum(len(reading.rows) for reading in read_document(Path(sys.argv[1])))
# Not ru_maxrss, which begins with what the parent took.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(rows, int(status["VmHWM"].split()[0]) // 1024)
"""


def test_the_caged_child_loads_nothing_that_it_seldom_needs() -> None:
    code = "import sys, extraction.schools.child; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "pypdfium2" in loaded
    assert [module for module in HEAVY if module in loaded] == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel tells no process's peak here")
@pytest.mark.parametrize("layout", ["ruled", "columns"])
def test_a_long_list_takes_little_memory(tmp_path: Path, layout: str) -> None:
    print_papers(tmp_path, 136, [layout])
    command = [sys.executable, "-c", READ, str(tmp_path / f"{layout}-136.pdf")]
    rows, megabytes = map(int, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert rows == 136 * LAYOUTS[layout][0]
    assert megabytes < 300
