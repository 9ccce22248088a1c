import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tree import ROOT, code_files, imported_names, parsed, python_files, repository_files

MODULE_LINES, FUNCTION_LINES = 300, 40
# Packages whose __init__ may list what they contain.
LISTING = {Path("app/api/__init__.py"), Path("app/cli/__init__.py")}
VERSION = Path("app/__init__.py")
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc"}
# Written in parts, so that this file does not name them either.
MACHINE = re.compile("/wor" + r"k\b|/far" + r"m\b|[.]libr" + "ary/")
SHARED = "../sha" + "red"
REGISTRIES = re.compile("py" + r"pi\.org|pythonho" + r"sted\.org|registry\.npm" + r"js|deb\.deb" + "ian")
MIRRORS = (Path("tests/unit/app"), Path("tests/integration/app"))


@pytest.mark.parametrize("path", [path for path in code_files() if path.name == "__init__.py"], ids=str)
def test_an_init_holds_only_its_docstring(path):
    first, *rest = parsed(path).body

    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Constant)
    assert [ast.unparse(node) for node in rest if not is_listing(path, node)] == []


@pytest.mark.parametrize("path", code_files(), ids=str)
def test_a_module_is_short(path):
    assert len((ROOT / path).read_text().splitlines()) <= MODULE_LINES


def test_a_function_is_short():
    long = {f"{path}:{node.name}": lines(node) for path, node in functions() if lines(node) > FUNCTION_LINES}

    assert long == {}


def test_modules_are_named_after_what_they_are_about():
    parts = {part for path in repository_files() if path.suffix == ".py" for part in path.with_suffix("").parts}

    assert parts & FORBIDDEN_NAMES == set()


def test_a_public_thing_says_what_it_promises_and_a_test_does_not():
    mute = [f"{path}: {name}" for path in code_files() for name in undocumented(parsed(path))]
    loud = [f"{path}: {node.name}" for path, node in written_tests() if ast.get_docstring(node)]

    assert mute == []
    assert loud == []


def test_a_comment_a_name_or_a_text_tells_nothing_of_this_machine():
    assert mentions(MACHINE) == []


def test_the_repository_names_no_package_registry():
    assert mentions(REGISTRIES) == []


def test_only_tests_know_the_folder_of_recorded_data():
    assert [place for place in mentions(re.compile(re.escape(SHARED))) if not place.startswith("tests/")] == []


def test_tests_use_fakes_and_not_mocks():
    mocked = {
        str(path) for path in python_files("tests") for name in imported_names(parsed(path)) if "mock" in name.lower()
    }

    assert mocked == set()


def test_the_tests_mirror_the_code():
    orphans = [str(path) for path in mirrored() if not (ROOT / subject(path)).exists()]

    assert orphans == []


def test_decisions_are_numbered_and_say_why():
    records = sorted(path for path in repository_files() if path.parent == Path("docs/adr"))

    assert [path.name[:5] for path in records] == [f"{number:04d}-" for number in range(1, len(records) + 1)]
    headings = ["## Context", "## Decision", "## Consequences"]
    assert [str(p) for p in records if re.findall("^## .*$", (ROOT / p).read_text(), re.MULTILINE) != headings] == []


def is_listing(path: Path, node: ast.stmt) -> bool:
    if path == VERSION:
        return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION"
    names = {"__all__", "COMMANDS"}
    is_list = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in names
    return path in LISTING and (isinstance(node, ast.ImportFrom) or is_list)


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in code_files():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def written_tests() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in python_files("tests"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield path, node


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return node.end_lineno - node.lineno + 1


def undocumented(tree: ast.Module) -> list[str]:
    """Names of public classes and functions at the top level without a docstring, and the module itself."""
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"]
    return [getattr(node, "name", "module") for node in [tree, *public] if not ast.get_docstring(node)]


def mentions(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in repository_files():
        text = (ROOT / path).read_bytes().decode("utf-8", "ignore")
        found += [f"{path}:{number}" for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    return found


def mirrored() -> Iterator[Path]:
    for path in python_files("tests"):
        if path.name.startswith("test_") and any(path.is_relative_to(tree) for tree in MIRRORS):
            yield path


def subject(path: Path) -> Path:
    """The module that a test file is about."""
    return Path(*path.parts[2:]).with_name(path.name.removeprefix("test_"))
