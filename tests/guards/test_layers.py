import itertools
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tree import ROOT, python_files

Planted = tuple[str, str]

STAGES = ("app.collectors", "app.ingest", "app.export", "app.analysis")
# What the design forbids, whatever the contracts are called and however they are written.
DESIGN = [
    *itertools.permutations(STAGES, 2),
    *((part, "celery") for part in ("app.factory", "app.local", "app.bus")),
    *((part, "app.settings") for part in (*STAGES, "app.operations", "app.ticks")),
    *((part, "app.api") for part in ("app.operations", "app.local", "app.lake")),
    ("app.operations", "workers"),
    ("app.errors", "app.clock"),
    ("app.market", "redis"),
    ("app.quotes", "sqlalchemy"),
    *(("app.analysis", part) for part in ("sqlalchemy", "redis", "pandas", "app.ticks", "app.bus", "app.jobs")),
]

LINTER = Path(sys.executable).parent / "lint-imports"
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = CONFIGURATION["contracts"]


def test_the_code_keeps_every_contract():
    answer = subprocess.run([LINTER, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_a_tree_without_imports_keeps_the_contract(contract, skeleton):
    assert lint(skeleton, [contract]) == (0, [])


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_every_import_that_the_contract_forbids_is_caught(contract, skeleton):
    planted = sorted(set(violations(contract)))
    assert planted
    for importer, imported in planted:
        plant(skeleton, importer, imported)

    code, caught = lint(skeleton, [contract])

    assert code != 0
    assert [pair for pair in planted if pair not in caught] == []


def test_what_the_design_forbids_is_caught(skeleton):
    for importer, imported in DESIGN:
        plant(skeleton, importer, imported)

    _, caught = lint(skeleton, CONTRACTS)

    assert [pair for pair in DESIGN if pair not in caught] == []


def test_every_part_of_the_application_stands_in_exactly_one_band():
    bands = next(contract for contract in CONTRACTS if contract["type"] == "layers")["layers"]
    listed = [part for band in bands for part in members(band)]

    parts = {".".join(path.with_suffix("").parts[:2]) for path in python_files("app")} - {"app.__init__"}

    assert sorted(listed) == sorted(parts)


def members(band: str) -> list[str]:
    return [part.strip() for part in band.replace(":", "|").split("|")]


def violations(contract: dict) -> Iterator[Planted]:
    """Pairs (importer, imported), each of them against the contract."""
    if contract["type"] == "forbidden":
        yield from itertools.product(contract["source_modules"], contract["forbidden_modules"])
        return
    bands = contract["layers"]
    for upper, lower in itertools.pairwise(bands):
        yield from itertools.product(members(lower), members(upper))
    for band in bands:
        if ":" not in band:
            yield from itertools.permutations(members(band), 2)


def plant(tree: Path, importer: str, imported: str) -> None:
    place = tree.joinpath(*importer.split("."))
    module = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    with module.open("a") as file:
        file.write(f"import {imported}\n")


def lint(tree: Path, contracts: list[dict]) -> tuple[int, list[Planted]]:
    """The linter's exit code, and the imports that it names, for these contracts over the tree."""
    (tree / ".importlinter").write_text(as_ini(contracts))
    command = [LINTER, "--no-logo", "--no-cache", "--config", ".importlinter"]
    answer = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert "Analyzed" in answer.stdout, answer.stdout + answer.stderr
    named = [line.strip("- ").partition(" (l.")[0] for line in answer.stdout.splitlines() if " -> " in line]
    return answer.returncode, [tuple(name.split(" -> ")) for name in named]


def as_ini(contracts: list[dict]) -> str:
    shared = {name: value for name, value in CONFIGURATION.items() if name != "contracts"}
    numbered = [section(f"importlinter:contract:{number}", contract) for number, contract in enumerate(contracts)]
    return section("importlinter", shared) + "".join(numbered)


def section(name: str, values: dict) -> str:
    lines = [f"[{name}]"]
    for key, value in values.items():
        text = "".join(f"\n    {item}" for item in value) if isinstance(value, list) else f" {value}"
        lines.append(f"{key} ={text}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def skeleton(tmp_path):
    """The project's packages and modules, each of them empty."""
    for path in python_files("app", "workers"):
        module = tmp_path / path
        module.parent.mkdir(parents=True, exist_ok=True)
        module.touch()
    return tmp_path
