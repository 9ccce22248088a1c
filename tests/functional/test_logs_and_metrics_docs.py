import json
import os
import re
import subprocess

import pytest

from app.api.metric_families import BACKUP, FAMILIES, UP
from app.metrics.families import COUNTED
from app.settings import Settings
from tests.functional.web_server import serve
from tests.keyed_client import make_key
from tests.tree import ROOT
from tests.waiting import until
from workers.dispatch import CARRIED

TEXT = (ROOT / "docs/logs-and-metrics.md").read_text()
COMMANDS = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()
ADDRESS = "http://127.0.0.1:8000"
TABLES = re.findall(r"^\| `(thor_\w+)` \| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)


def test_the_commands_of_the_document_work_one_after_the_other(web, tmp_path, rt):
    key = make_key(rt)
    asked, followed, counted, up = (run(line.replace(ADDRESS, web.url), tmp_path, key) for line in COMMANDS)

    number = json.loads(asked)["job"]["id"]
    [line] = [json.loads(line) for line in followed.splitlines() if "thor.access" in line]
    assert (line["route"], line["status"], line["job_id"]) == ("/api/jobs", 202, number)
    assert 'method="POST",route="/api/jobs",status="2xx"} 1.0' in counted
    assert up == 'thor_up{part="redis"} 1.0\nthor_up{part="postgres"} 1.0\n'


def test_the_metrics_of_the_document_are_those_of_the_code():
    known = [
        (family.name, ", ".join(family.labels) or "–", family.help) for family in (*COUNTED, UP, BACKUP, *FAMILIES)
    ]

    assert known == TABLES


def test_the_names_in_lines_of_the_document_are_those_of_the_code():
    told = set(re.findall(r"^\| `([a-z_]+)` \| lines ", TEXT, re.MULTILINE))

    assert told == {*CARRIED, "task_id", "task", "queue", "job_id"}


def test_the_settings_of_the_document_exist():
    named = set(re.findall(r"`((?:LOG|STATE)_[A-Z]+)[`=/]", TEXT))

    assert {"LOG_FORMAT", "LOG_LEVEL", "STATE_DIR"} <= named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_the_files_of_the_document_exist():
    files = re.findall(r"^\| `(deploy/\S+)` \|", TEXT, re.MULTILINE)

    assert len(files) == 4
    assert [name for name in files if not (ROOT / name).exists()] == []


def run(command, folder, key):
    # What the web logs is there a moment after its answer.
    def answer():
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "THOR_KEY": key},
            capture_output=True,
            text=True,
            check=False,
        )

    if command.startswith("grep"):
        until(lambda: answer().returncode == 0)
    done = answer()
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def web(web_settings, bus, sessions, tmp_path):
    state = str(tmp_path / "var")
    with serve(tmp_path / "thor.log", {**web_settings, "LOG_FORMAT": "json", "STATE_DIR": state}) as server:
        yield server
