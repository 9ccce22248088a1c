import re
import shutil
import stat
import subprocess

import pytest

from tests.guards.makefile import RULES, TEXT
from tests.tree import ROOT

TARGETS = ("setup", "demo", "up", "test", "check", "faults", "bench", "help")
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_exists(target):
    assert target in RULES


@pytest.mark.parametrize("target", sorted(set(RULES) - {"help", "setup", "clean"}))
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
    assert [line.partition(" ||")[0] for line in lines if line.startswith("make ")] == ["make test", "make check"]
