import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.local.child import wrapped

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the death signal is a feature of Linux")
PARENT = """
import subprocess, sys, os, time
sys.path.insert(0, sys.argv[1])
from app.local.child import wrapped
child = subprocess.Popen(wrapped(["sleep", "600"], os.getpid(), int(sys.argv[2])))
print(child.pid, flush=True)
time.sleep(600)
"""
ROOT = str(Path(__file__).parents[4])


def test_the_command_takes_the_wrapper_s_place() -> None:
    with subprocess.Popen(wrapped(["sh", "-c", "echo $$"], os.getpid()), stdout=subprocess.PIPE, text=True) as child:
        output, _ = child.communicate()

    assert int(output) == child.pid


@linux_only
def test_the_command_dies_with_the_process_that_spawned_it(until: Callable[[Callable[[], object]], None]) -> None:
    command = [sys.executable, "-c", PARENT, ROOT, str(int(signal.SIGTERM))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        until(lambda: child.name() == "sleep")

        parent.kill()

        until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_nothing_is_started_for_a_parent_that_has_gone() -> None:
    answer = subprocess.run(wrapped(["echo", "started"], parent=1), capture_output=True, text=True)

    assert (answer.returncode, answer.stdout) == (126, "")
    assert answer.stderr == "echo is not started: its supervisor has gone\n"


@pytest.mark.parametrize(("program", "code"), [("/nowhere/at-all", 127), ("/etc/passwd", 126), ("/tmp", 126)])
def test_a_program_that_cannot_run_is_named(program: str, code: int) -> None:
    answer = subprocess.run(wrapped([program], os.getpid()), capture_output=True, text=True)

    assert answer.returncode == code
    assert answer.stderr.startswith(f"cannot start {program}: ")
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["--"], ["--parent"], ["--parent", "x", "--", "true"], ["true"]])
def test_wrong_usage_is_told(arguments: list[str]) -> None:
    wrapper = wrapped(["true"], os.getpid())[:4]

    answer = subprocess.run([*wrapper, *arguments], capture_output=True, text=True)

    assert (answer.returncode, answer.stderr[:6]) == (2, "usage:")


@linux_only
def test_signals_that_the_caller_ignores_work_again_in_the_command() -> None:
    script = f"trap '' INT PIPE; exec {' '.join(map(repr, wrapped(['cat', '/proc/self/status'], os.getpid())))}"
    ignored = _ignored_signals(["sh", "-c", script])

    assert ignored & (1 << (signal.SIGINT - 1) | 1 << (signal.SIGPIPE - 1)) == 0


def _ignored_signals(command: list[str]) -> int:
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(output.split("SigIgn:")[1].split()[0], 16)
