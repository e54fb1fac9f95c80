"""The house: which room may import which (docs/architecture.md), and no arrow that runs in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "extraction": set[str](),
    "storage": set[str](),
    "crawler": {"extraction", "storage"},
    "control_api": {"extraction", "storage"},  # the crawler is launched as a process, never imported
}


def imports(path: Path, *, at_import_time: bool = False) -> set[str]:
    """The modules that a file imports; with `at_import_time` only those that importing the file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_import_time else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for room in MAY_IMPORT
        for path in (ROOT / room).rglob("*.py")
    }


def test_rooms_import_only_the_rooms_below_them() -> None:
    for name, path in modules().items():
        room = name.split(".")[0]
        rooms = {module.split(".")[0] for module in imports(path)} & MAY_IMPORT.keys()
        assert rooms <= MAY_IMPORT[room] | {room}, f"{name} imports {rooms - MAY_IMPORT[room] - {room}}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    known = modules()
    arrows = {name: imports(path, at_import_time=True) & known.keys() - {name} for name, path in known.items()}
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> None:
        assert name not in way, " → ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in sorted(arrows[name]):
                # A package's own `__init__` gathers its modules; that is not an arrow between them.
                if not name.startswith(f"{other}.") and not other.startswith(f"{name}."):
                    walk(other, [*way, name])
            done.add(name)

    for name in sorted(known):
        walk(name, [])


def test_no_room_has_a_drawer_for_everything() -> None:
    assert [name for name in modules() if name.split(".")[-1] in {"utils", "common", "helpers", "misc"}] == []


def test_no_file_is_too_long_to_be_read_in_one_sitting() -> None:
    lengths = {name: path.read_text(encoding="utf-8").count("\n") for name, path in modules().items()}
    assert {name: length for name, length in lengths.items() if length > 450 and "migrations" not in name} == {}
