"""Commands as processes of a shell, whose output cannot be written, and which are stopped in the middle."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli.console import command
from tests.tree import ROOT

FLASK = str(Path(sys.executable).with_name("flask"))
FULL = Path("/dev/full")
NEED_NOTHING = [("calendar", "--help"), ("calendar",), ("calendar", "--json")]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, Any]:
    environment = {**os.environ, "STATE_DIR": str(tmp_path), "PYTHONUNBUFFERED": ""}
    return {"cwd": ROOT, "env": environment, "stderr": subprocess.PIPE, "text": True}


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is full")
@pytest.mark.parametrize(("words", "unbuffered"), [*((words, "") for words in NEED_NOTHING), (NEED_NOTHING[1], "1")])
def test_a_full_disk_is_told_in_one_line(shell: dict[str, Any], words: tuple[str, ...], unbuffered: str) -> None:
    shell["env"]["PYTHONUNBUFFERED"] = unbuffered
    with FULL.open("w") as full:
        done = subprocess.run([FLASK, *words], stdout=full, timeout=60, **shell)

    assert (done.returncode, done.stderr) == (1, "error: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("words", NEED_NOTHING)
def test_a_reader_that_goes_away_is_no_fault(shell: dict[str, Any], words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run([FLASK, *words], stdout=writer, timeout=60, **shell)
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, "")


def test_an_output_that_was_closed_before_is_no_fault(shell: dict[str, Any]) -> None:
    words = ["sh", "-c", 'exec "$0" calendar >&-', FLASK]

    done = subprocess.run(words, timeout=60, **shell)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_what_works_until_it_is_stopped_without_a_trace(
    shell: dict[str, Any], web_settings: dict[str, str], tmp_path: Path, times: int
) -> None:
    shell["env"] |= {**web_settings, "STATE_DIR": str(tmp_path)}
    process = subprocess.Popen([FLASK, "redis-to-postgres"], stdout=subprocess.DEVNULL, **shell)
    assert process.stderr is not None
    next(line for line in process.stderr if "ingest" in line)

    for _ in range(times):
        process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=30)[1]

    assert process.returncode in ((0,) if times == 1 else (0, 130))
    assert "Traceback" not in rest


def test_ctrl_c_in_the_middle_of_a_command_is_told_in_one_line(app, runner) -> None:
    @command("of-a-test")
    def stopped() -> None:
        raise KeyboardInterrupt

    app.cli.add_command(stopped)

    done = runner.invoke(args=["of-a-test"])

    assert (done.exit_code, done.stderr) == (130, "error: stopped by Ctrl-C\n")
