"""docs/scale.md: its commands run, its files exist, and its figures of time are those of the code."""

import re
import shlex
import subprocess
import sys
from datetime import timedelta

import pytest

import celeryconfig
from app.bus.leases import LEASE_TTL_S
from app.jobs.claims import LOST_AFTER
from app.lake.layout import Lake
from app.settings import Settings
from tests.documentation import document, sections, shell_lines, table
from tests.factories import quote
from tests.faults.catalogue import SCENARIOS
from tests.ticks import write_ticks
from tests.tree import ROOT

TEXT = document("scale.md")
WORDS = " ".join(TEXT.split())
LINES = shell_lines(TEXT)
MEASURES = [line.split()[-1] for line in LINES if " -m benchmarks." in line]


@pytest.mark.parametrize("module", MEASURES)
def test_a_measure_of_the_page_exists_and_its_figures_are_told(module):
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    assert any(module in row[2] for row in table(TEXT, "| layer |"))


def test_what_a_tick_takes_is_measured():
    command = [sys.executable, "-m", "benchmarks.footprint", "--ticks", "2000"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)

    for store in ("stream", "append-only file", "written ahead", "table of ticks"):
        [size] = re.findall(rf"│ {store} +│ +([\d,.]+) +│", done.stdout)
        assert float(size.replace(",", "")) > 0


def test_the_steps_for_a_second_host_put_units_and_folders_where_systemd_finds_them(tmp_path):
    etc = tmp_path / "etc"
    for name in ("sysusers.d", "systemd/system"):
        (etc / name).mkdir(parents=True)
    lines = [line for line in LINES if line.startswith(("install ", "cp "))]

    for line in lines:
        there = line.replace("/opt/thor", str(ROOT)).replace(" /etc", f" {etc}")
        subprocess.run(there, shell=True, check=True)

    units = etc / "systemd" / "system"
    assert len(lines) == 4
    assert (etc / "thor" / "secrets").stat().st_mode & 0o777 == 0o700
    assert "thor-web" not in (units / "thor.target").read_text()
    assert (units / "thor-prepare.service.d" / "second-host.conf").is_file()
    masked = [name for line in LINES if line.startswith("systemctl mask ") for name in line.split()[2:]]
    assert all(name in (units / "thor.target").read_text() for name in masked)


def test_the_lake_is_read_by_the_command_of_the_page(tmp_path):
    [line] = [line for line in LINES if "import duckdb" in line]
    root = tmp_path / "ticks"
    write_ticks(Lake(tmp_path), [quote(seq=1), quote(seq=2)])
    program, *words = shlex.split(line)

    here = [word.replace("var/data/ticks", str(root)) for word in words]
    done = subprocess.run([sys.executable, *here], capture_output=True, text=True, check=True)

    assert program == ".venv/bin/python"
    assert re.search(r"ES\s+│\s+2\b", done.stdout)


def test_every_line_of_a_shell_is_one_that_is_tried_here():
    tried = (
        "install ",
        "cp ",
        "systemctl ",
        "systemd-sysusers",
        ".venv/bin/python -m benchmarks.",
        ".venv/bin/python -c ",
    )

    assert [line for line in LINES if not line.startswith(tried)] == []


def test_the_settings_and_variables_of_the_page_exist():
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)\b", TEXT))
    entry_point = (ROOT / "docker/entrypoint.sh").read_text()

    unknown = {name for name in named if name.lower() not in Settings.model_fields and name not in entry_point}
    assert unknown == set()


def test_the_times_of_the_page_are_those_of_the_code():
    check_s = celeryconfig.broker_transport_options["health_check_interval"]

    assert timedelta(seconds=30) == LOST_AFTER
    assert f"its lease ends after {LEASE_TTL_S:.0f} s" in WORDS
    assert f"| noticed and made anew | {1 + 2 * check_s} s |" in WORDS


def test_the_scenario_of_the_page_exists():
    assert re.findall(r'make faults ARGS="([a-z-]+)"', TEXT) == ["two-hosts"]
    assert "two-hosts" in {one.name for one in SCENARIOS}


def test_the_page_has_a_place_for_every_question():
    told = sections(TEXT)

    assert {"a-second-host-step-by-step", "the-lake-in-a-bucket", "postgresql", "redis", "when-to-move-on"} <= set(told)
