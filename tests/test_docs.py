"""What the documentation names is there: files, commands, routes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from control_api.app import create_app
from control_api.settings import ApiSettings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|docs|storage|crawler|control_api|extraction|benchmarks)/[\w/.]*)`", text)
    named += [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    base = {target: ROOT if (ROOT / target).exists() else document.parent for target in named}
    assert [target for target in named if not (base[target] / target).exists()] == []


def test_the_readme_names_every_route() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    paths = {route.path for route in create_app(ApiSettings()).routes if route.path.startswith("/api/")}
    assert len(paths) >= 15
    for path in paths:
        words = re.sub(r"\{\w+(?::\w+)?\}", "{id}", path).removeprefix("/api/v1").rstrip("/")
        named = re.escape(words).replace(re.escape("{id}"), r"\{\w+\}(?:\.\w+)?")  # `{n}.png` is a part of a path too
        assert re.search(named + r"[`,? ]", readme) or words.rpartition("/")[2] in {"pause", "resume"}, path
