import re
import shutil
import stat
import subprocess

import pytest

from tests.guards.makefile import RULES, TEXT
from tests.tree import ROOT

TARGETS = ("setup", "demo", "up", "test", "test-ui", "check", "dashboard", "faults", "bench", "help")
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_exists(target):
    assert target in RULES


@pytest.mark.parametrize("target", sorted(set(RULES) - {"help", "setup", "clean", "dashboard"}))
def test_the_target_sets_up_what_it_needs(target):
    assert "setup" in RULES[target]


def test_no_target_is_mistaken_for_a_file_of_the_same_name():
    phony = re.search(r"^\.PHONY:(.*)$", TEXT, re.MULTILINE)

    assert phony is not None
    assert set(RULES) <= set(phony[1].split())


@needs_make
def test_help_shows_every_target():
    answer = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)

    shown = {line.split()[1] for line in answer.stdout.splitlines() if line.startswith("  make ")}

    assert shown == set(RULES)


@needs_make
def test_what_is_set_up_is_not_set_up_again(tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", ".venv/.installed"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes() if name == "Makefile" else b"")

    answer = subprocess.run(["make", "-q", "setup"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_gate_runs_the_tests_and_the_checks():
    gate = ROOT / ".ci" / "run"

    lines = gate.read_text().splitlines()

    assert gate.stat().st_mode & stat.S_IXUSR
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert [" ".join(line.split()[:2]) for line in lines if line.startswith("make ")] == [
        "make test",
        "make check",
        "make test-ui",
    ]
    assert 'wait "$checking" || failed+=("make check")' in lines


@needs_make
@pytest.mark.parametrize("target", ["dashboard", "test-ui"])
@pytest.mark.parametrize("version", [None, "18.20.4", "9.99.0"])
def test_without_a_node_that_is_new_enough_the_dashboard_is_not_touched(tmp_path, target, version):
    programs = made_programs(tmp_path, version)

    answer = make(target, programs)

    assert answer.returncode != 0
    assert "Node 20 or newer" in answer.stderr
    assert "npm was run" not in answer.stdout


@needs_make
@pytest.mark.parametrize("version", ["20.0.0", "20.19.2", "24.1.0"])
def test_the_dashboard_is_built_from_locked_packages(tmp_path, version):
    answer = make("dashboard", made_programs(tmp_path, version))

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == ["npm was run: ci", "npm was run: run build"]


@needs_make
def test_the_browser_tests_say_that_chromium_is_missing(tmp_path):
    answer = make("test-ui", made_programs(tmp_path, "20.19.2"))

    assert answer.returncode != 0
    assert "CHROMIUM=/path/to/chromium" in answer.stderr


@needs_make
def test_the_dashboard_is_verified_and_then_tried_in_the_browser_that_is_there(tmp_path):
    programs = made_programs(tmp_path, "20.19.2")
    program(programs / "chromium", "")

    answer = make("test-ui", programs)

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == [
        "npm was run: ci",
        "npm was run: run verify",
        f"npm was run: run e2e in {programs / 'chromium'}",
    ]


def make(target, programs):
    """`make` of the target in a copy of the repository's frame, with these programs and no others."""
    folder = programs.parent
    (folder / ".venv").mkdir()
    (folder / "app" / "dashboard" / "web").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", ".venv/.installed"):
        (folder / name).write_bytes((ROOT / name).read_bytes() if name == "Makefile" else b"")
    command = [shutil.which("make"), target]
    return subprocess.run(command, cwd=folder, env={"PATH": str(programs)}, capture_output=True, text=True, check=False)


def made_programs(folder, node):
    """A folder of programs: a shell's own, and Node of a version with an npm that tells what it was asked."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "sh").symlink_to("/bin/sh")
    if node is not None:
        program(programs / "node", f"echo v{node}")
        program(programs / "npm", 'echo "npm was run: $*${CHROMIUM:+ in $CHROMIUM}"')
    return programs


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
