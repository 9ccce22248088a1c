import os
import re
import shlex
import subprocess
import sys

import pytest

from tests.tree import ROOT

TEXT = (ROOT / "docs/backup.md").read_text()
BLOCKS = [block.splitlines() for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)]
PREPARE = """
from wsgi import app
from app.cli.stack import with_servers
from app.export.ticks import export_day
from app.operations.migrating import migrate_database
from app.runtime import EXTENSION
from tests.faults.harness.filling import DAY, LATER, fill_day
rt = app.extensions[EXTENSION]
def work():
    migrate_database(rt, 1)
    fill_day(rt.sessions, "ES", 200)
    export_day(rt.sessions, rt.lake, DAY, LATER)
with app.app_context():
    with_servers(rt, work)
"""

pytestmark = pytest.mark.timeout(240)


def test_the_drill_of_the_document_ends_without_a_difference(machine, tmp_path):
    answers = [machine(line) for line in BLOCKS[2]]

    assert [answer.returncode for answer in answers] == [0, 0, 0, 0], answers[-1].stderr
    assert "Differences: 0" in answers[1].stdout
    assert "verified" in answers[3].stdout
    [made] = [path for path in (tmp_path / "thor/var/backups").iterdir() if path.is_dir()]
    parts = re.findall(r"^\| `([^`]+)` \|", TEXT, re.MULTILINE)
    assert {part.rstrip("/") for part in parts} == {path.name for path in made.iterdir()}


def test_the_other_commands_of_the_document_work(machine, tmp_path):
    made = [machine(line.replace("/media/usb", str(tmp_path))) for line in BLOCKS[0]]
    refused = [machine(line.replace("/media/usb", str(tmp_path))) for line in BLOCKS[1]]

    assert [answer.returncode for answer in made] == [0, 0, 0, 0], made
    # This is the machine that was backed up, and no empty one.
    assert [answer.returncode for answer in refused] == [3, 3], refused


@pytest.fixture
def machine(tmp_path):
    own = tmp_path / "thor/var"

    def run(line):
        *settings, _flask, words = re.fullmatch(r"(?:(STATE_DIR)=(\S+) )?(flask) (.*)", line).groups()
        where = settings[1].replace("/srv/thor-drill", str(tmp_path / "drill")) if settings[0] else own
        return call(where, "-m", "flask", *shlex.split(words.replace("/srv/thor/var", str(own))))

    prepared = call(own, "-c", PREPARE)
    assert prepared.returncode == 0, prepared.stderr
    return run


def call(state_dir, *words):
    environment = {
        "PATH": os.environ["PATH"],
        "FLASK_APP": "wsgi",
        "PYTHONPATH": str(ROOT),
        "STATE_DIR": str(state_dir),
    }
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
