import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.factory import create_app
from app.settings import load_settings
from tests.fakes import RecordingDispatch

ROOT = Path(__file__).resolve().parents[2]
STOPS = ["feed", "Redis", "PostgreSQL", "Parquet", "bars", "sessions", "analysis", "premarket"]
STOPS += ["market", "quotes", "SSE", "health"]


@pytest.mark.timeout(440)
def test_a_tick_goes_the_whole_way_and_a_second_demo_adds_nothing(tmp_path: Path) -> None:
    runs = [_demo(tmp_path), _demo(tmp_path)]
    if _past_days(runs[0]) != _past_days(runs[1]):
        # A session closed between them, so that the second one took in another day.
        runs.append(_demo(tmp_path))

    for run in runs:
        assert [stop["stop"] for stop in run["stops"]] == STOPS
        assert run["ok"], run
    assert _found(runs[-2], "PostgreSQL") == _found(runs[-1], "PostgreSQL")
    advice = [_found(run, "analysis") for run in runs]
    assert all("3 HOLD, as " in found and "/results?format=html" in found for found in advice)
    assert not list((tmp_path / "var" / "data").rglob("*.tmp*"))


def test_the_demo_is_refused_where_real_quotes_are_collected_by_their_hours(tmp_path: Path) -> None:
    settings = load_settings(_env_file=None, state_dir=tmp_path / "var", session_sources="SCHWAB")

    answer = create_app(settings, RecordingDispatch()).test_cli_runner().invoke(args=["demo", "--once"])

    assert (answer.exit_code, "SESSION_SOURCES names SCHWAB" in answer.output) == (3, True)
    assert not (tmp_path / "var").exists()


def _demo(tmp_path: Path) -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name("flask")), "demo", "--once", "--json"]
    command += ["--sessions", "2", "--ticks-per-symbol", "150"]
    environment = {**os.environ, "STATE_DIR": str(tmp_path / "var")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=140)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout
    return json.loads(done.stdout)


def _found(run: dict[str, Any], name: str) -> str:
    return next(stop["found"] for stop in run["stops"] if stop["stop"] == name)


def _past_days(run: dict[str, Any]) -> list[str]:
    return re.findall(r"\d{4}-\d{2}-\d{2}", _found(run, "PostgreSQL"))
