import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STOPS = ["feed", "Redis", "PostgreSQL", "Parquet", "bars", "sessions", "market", "quotes", "SSE", "health"]


@pytest.mark.timeout(300)
def test_a_tick_goes_the_whole_way_and_a_second_demo_adds_nothing(tmp_path: Path) -> None:
    first = _demo(tmp_path)
    second = _demo(tmp_path)

    for run in (first, second):
        assert [stop["stop"] for stop in run["stops"]] == STOPS
        assert run["ok"], run
    stored = [stop["found"] for run in (first, second) for stop in run["stops"] if stop["stop"] == "PostgreSQL"]
    assert stored[0] == stored[1]
    assert not list((tmp_path / "var" / "data").rglob("*.tmp*"))


def _demo(tmp_path: Path) -> dict[str, object]:
    command = [str(Path(sys.executable).with_name("flask")), "demo", "--once", "--json"]
    command += ["--sessions", "2", "--ticks-per-symbol", "150"]
    environment = {**os.environ, "STATE_DIR": str(tmp_path / "var")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=140)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout
    return json.loads(done.stdout)
