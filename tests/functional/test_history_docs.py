import os
import re
import shlex
import subprocess
import sys

import pyarrow as pa
import pytest

from tests.emptying import empty_tables
from tests.ticks import store_quotes, trade
from tests.tree import ROOT

TEXT = (ROOT / "docs/history.md").read_text()
COMMANDS = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()
SCRIPT = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]
ADDRESS = "http://127.0.0.1:8000"


def test_the_commands_of_the_document_answer(web, known_ticks, tmp_path):
    answers = [run([*shlex.split(line.replace(ADDRESS, web.url)), "--fail"], tmp_path) for line in COMMANDS]

    assert '"ts":"2025-10-09T13:30:00' in answers[0]
    assert (tmp_path / "es.csv").read_text().splitlines()[0].startswith("symbol,source,seq,ts,")
    assert len((tmp_path / "es.csv").read_text().splitlines()) == 1 + len(known_ticks)
    assert pa.ipc.open_stream((tmp_path / "es.arrows").read_bytes()).read_all().num_rows == 3
    assert '"coverage":' in answers[3]
    assert '"previous_end":"2025-10-09T13:35:00.000000Z"' in answers[4]
    assert '"through":"2025-10-09T13:41:00.000000Z"' in answers[5]


def test_the_script_of_the_document_runs(web_settings, known_ticks, tmp_path):
    said = run([sys.executable, "-c", SCRIPT], tmp_path, web_settings)

    assert "shape: (3, 12)" in said


def test_the_notebook_runs_as_a_script(web_settings, known_ticks, tmp_path):
    run([sys.executable, str(ROOT / "notebooks/history.py"), "ES"], tmp_path, web_settings)


def run(command, folder, settings=()):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **dict(settings)}
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture
def known_ticks(sessions):
    """Some minutes of the afternoon that the document asks for."""
    with sessions.begin() as session:
        empty_tables(session)
    opened = (13.5 + 2) * 3600
    found = [trade(opened + 60 * i, 6750 + i, i + 1) for i in range(12)]
    store_quotes(sessions, found)
    return found
