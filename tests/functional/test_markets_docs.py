import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pytest

from app.factory import create_app
from app.market.markets import LIMITS, PROFILES, Markets
from app.market.overrides import parse_overrides
from app.settings import load_settings
from tests.fakes import FixedClock, RecordingDispatch
from tests.tree import ROOT

TEXT = (ROOT / "docs/markets.md").read_text()
COMMANDS = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1].splitlines()
OVERRIDES = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1]
SCRIPT = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]
ADDRESS = "http://127.0.0.1:8000"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_document_answers(line, app):
    program, *words = shlex.split(line)

    if program == "flask":
        answer = app.test_cli_runner().invoke(args=words)
        assert answer.exit_code == 0, answer.output
        assert ("--json" in words) == answer.stdout.startswith("{")
    else:
        answer = app.test_client().get(words[-1].removeprefix(ADDRESS))
        assert answer.status_code == 200, answer.text


def test_the_file_of_the_document_holds():
    markets = Markets(clock=FixedClock(NOW), overrides=lambda: parse_overrides(OVERRIDES, LIMITS))
    desk, metals, stocks = (markets.named(name) for name in ("CME_Futures", "CME_Energy_Metals", "US_Equity"))

    mourning, christmas = date(2027, 3, 10), date(2027, 12, 24)
    assert desk.session(mourning).close == datetime(2027, 3, 10, 14, 30, tzinfo=UTC)
    assert not desk.day(mourning).holiday
    assert stocks.session(mourning) is None
    assert stocks.day(mourning).holiday == "National Day of Mourning"
    assert metals.session(mourning).close.hour == 22
    assert metals.session(christmas).close == datetime(2027, 12, 24, 19, tzinfo=UTC)
    assert metals.day(christmas).holiday == "Christmas"
    assert {market.checked_until for market in (desk, metals, stocks)} == {date(2027, 12, 31)}


def test_the_script_of_the_document_runs(tmp_path):
    (tmp_path / "overrides.yaml").write_text(OVERRIDES)
    settings = {"STATE_DIR": str(tmp_path / "none"), "MARKET_OVERRIDES": str(tmp_path / "overrides.yaml")}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}

    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    days = np.array(["2025-10-09", "2025-10-10"], dtype="datetime64[D]")
    assert answer.stdout.startswith("OPEN 2025-10-09 21:00:00+00:00 2025-10-09\n"), answer.stderr
    assert f"{days} ['CLOSED' 'OPEN'] [False  True]" in answer.stdout


def test_every_market_is_in_the_document_and_no_other():
    assert set(re.findall(r"^\| `(\w+)`", TEXT, re.MULTILINE)) == set(PROFILES)


def test_every_field_of_an_answer_that_is_named_exists(app):
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", TEXT)) - {"checked_until"}

    assert named <= set(json.loads(app.test_client().get("/api/session").text))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    settings = load_settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state") / "none")
    return create_app(settings, RecordingDispatch(), FixedClock(NOW))
