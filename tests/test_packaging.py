"""What a stranger gets with the repository: it installs what it names, starts as it says, and hides nothing."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("control_api", "crawler", "extraction", "storage")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
TARGETS = (
    "setup",
    "demo",
    "run",
    "test",
    "test-bench",
    "chaos",
    "chaos-browser",
    "chaos-salesforce",
    "coverage",
    "check",
    "bench",
    "clean",
    "help",
)


def read_lock() -> dict[str, tuple[Version, str]]:
    """Each pinned package of the lock: its version, and its whole entry with the hashes."""
    entries = re.split(r"\n(?=[a-z0-9])", "\n" + (ROOT / "requirements.lock").read_text())
    pins: dict[str, tuple[Version, str]] = {}
    for entry in entries:
        pin = re.match(r"(?P<name>[a-z0-9._-]+)(\[[a-z0-9,-]+\])?==(?P<version>[^ ;\\]+)", entry)
        if pin is not None:
            pins[canonicalize_name(pin["name"])] = (Version(pin["version"]), entry)
    return pins


def requirements() -> list[Requirement]:
    lines = PROJECT["dependencies"] + [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    return [Requirement(line) for line in lines]


def settings_variables() -> dict[str, str]:
    """Every environment variable that a settings class reads, with the module that reads it."""
    variables: dict[str, str] = {}
    for module in settings_modules():
        for candidate in vars(importlib.import_module(module)).values():
            if isinstance(candidate, type) and issubclass(candidate, BaseSettings) and candidate.__module__ == module:
                prefix = candidate.model_config.get("env_prefix", "")
                for name, field in candidate.model_fields.items():
                    alias = field.validation_alias
                    if isinstance(alias, AliasChoices):
                        variables |= {str(choice): module for choice in alias.choices}
                    else:
                        variables[str(alias) if alias else f"{prefix}{name}".upper()] = module
    return variables


def settings_modules() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "from pydantic_settings import" in path.read_text():
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def example_variables() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))


def compose_variables() -> set[str]:
    return set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))


def test_the_compose_file_is_valid_by_the_compose_specification() -> None:
    schemas = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(schemas.read_text())
    validator = validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []
    broken = COMPOSE | {"services": {"worker": {"imgae": "title1"}}}
    assert not validator.is_valid(broken)


def test_the_worker_can_be_scaled() -> None:
    worker = COMPOSE["services"]["worker"]
    assert not {"container_name", "ports", "hostname"} & set(worker)


def test_nothing_works_before_the_database_is_migrated() -> None:
    services = COMPOSE["services"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"
    for name in ("api", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["environment"]["DATABASE_URL"].startswith("postgresql://title1:")
        assert "@postgres:" in services[name]["environment"]["DATABASE_URL"]


def test_api_and_worker_share_their_blobs_and_every_volume_is_declared() -> None:
    services = COMPOSE["services"]
    assert services["api"]["volumes"] == services["worker"]["volumes"] == ["blobs:/var/lib/title1"]
    named = {
        volume.split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }
    assert named == set(COMPOSE["volumes"])


def test_only_the_api_is_published_and_to_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:${TITLE1_PORT:-8000}:8000"]}


def test_the_search_engine_is_a_profile_and_answers_in_json() -> None:
    searxng = COMPOSE["services"]["searxng"]
    assert searxng["profiles"] == ["search"]
    source = searxng["volumes"][0].split(":")[0]
    settings = yaml.safe_load((ROOT / source).read_text())
    assert settings["use_default_settings"] is True
    assert "json" in settings["search"]["formats"]


def test_every_folder_that_the_image_copies_exists_and_is_sent_to_the_builder() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, flags=re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert set(ROOMS) < set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored


def test_the_image_runs_as_an_ordinary_user_and_says_how_it_feels() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER (?!root)", dockerfile, flags=re.MULTILINE)
    assert "HEALTHCHECK" in dockerfile
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host", dockerfile)


def test_the_lock_pins_every_dependency_within_its_bounds() -> None:
    pins = read_lock()
    for requirement in requirements():
        version, _ = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), requirement


def test_every_pin_of_the_lock_has_hashes() -> None:
    pins = read_lock()
    assert len(pins) > len(requirements())
    for name, (_, entry) in pins.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), name


def test_the_lock_names_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    lines = [line for line in lock.splitlines() if re.search(r"https?:|file:|^-|/tmp|/home", line)]
    assert lines == []


def test_every_dependency_has_a_lower_bound() -> None:
    unbound = [str(requirement) for requirement in requirements() if ">=" not in str(requirement.specifier)]
    assert unbound == []


def test_the_licence_is_apache_2() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_the_program_is_installed_under_its_name() -> None:
    assert PROJECT["scripts"] == {"title1": "control_api.cli.main:main"}
    assert PROJECT["requires-python"] == ">=3.11"


def make(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # These tests may themselves run below a make, whose flags are not for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What make looks at, without anything that was set up."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_make_lists_its_targets() -> None:
    assert {line.split()[1] for line in make("help").stdout.splitlines()} == set(TARGETS)


@pytest.mark.parametrize("target", [target for target in TARGETS if target not in {"help", "clean"}])
def test_every_target_sets_up_its_environment_first(target: str, project: Path) -> None:
    plan = make("-n", target, folder=project).stdout
    steps = ["-m venv .venv", "--require-hashes --requirement requirements.lock", "--no-deps --editable ."]
    positions = [plan.index(step) for step in steps]
    assert positions == sorted(positions)
    # Once it is set up, nothing is installed again.
    (project / ".venv").mkdir()
    (project / ".venv" / ".installed").touch()
    assert "pip" not in make("-n", target, folder=project).stdout


@pytest.mark.parametrize("installed", [True, False], ids=["too old", "none at all"])
def test_an_unfit_python_is_told_in_one_line(installed: bool, project: Path) -> None:
    python = project / "python"
    if installed:
        python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
        python.chmod(0o755)
    made = make("setup", f"PYTHON={python}", folder=project)
    assert made.returncode != 0
    (told,) = (line for line in made.stderr.splitlines() if not line.startswith("make"))
    assert told.startswith("Title1 needs Python 3.11 or newer")
    assert told.endswith("Try: make PYTHON=python3.12 setup")
    assert ("is: Python 3.9.2." in told) == installed
    assert not (project / ".venv").exists()


def test_the_verdict_script_is_sound_and_may_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_example_of_the_environment_names_every_setting_and_nothing_else() -> None:
    settings = settings_variables()
    example = example_variables()
    assert {name: module for name, module in settings.items() if name not in example} == {}
    assert example - set(settings) - compose_variables() == set()


def test_the_example_of_the_environment_changes_nothing_when_copied() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_the_readme_explains_every_variable_of_the_example() -> None:
    readme = (ROOT / "README.md").read_text()
    if not readme:
        pytest.skip("there is no README yet")
    assert sorted(name for name in example_variables() if name not in readme) == []
