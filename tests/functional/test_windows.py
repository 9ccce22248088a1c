"""`flask excel-to-redis` where POSIX is missing, as on Windows: with Redis alone, without Celery."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.bus import keys
from tests.sheets import row, sheet
from tests.tree import ROOT
from tests.waiting import until

# Libraries choose their system when they are imported, and are those of this one; Thor's own modules are imported, and
# everything runs, where the modules, functions and signals are missing that Windows has not.
ELSEWHERE = """
import importlib, json, os, signal, subprocess, sys

NAMES = "import json, sys, wsgi; print(json.dumps([name for name in sys.modules if name != '__main__']))"
known = json.loads(subprocess.check_output([sys.executable, "-c", NAMES]))
for name in ["python_calamine", "flask.cli", *known]:
    if name.partition(".")[0] not in ("app", "workers", "wsgi"):
        try:
            importlib.import_module(name)
        except ImportError:  # A part of an extension module, which is not imported by itself.
            pass
for name in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "posix"):
    sys.modules[name] = None
for name in ("fork", "getuid", "geteuid", "getgid", "getegid", "killpg", "getpgid", "setsid", "fchown", "chown",
             "mkfifo", "uname", "getloadavg", "sched_getaffinity", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):
    vars(os).pop(name, None)
for name in ("SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGCHLD", "SIGALRM", "SIGXFSZ"):
    vars(signal).pop(name, None)
sys.platform = "win32"
from flask.cli import main
try:
    main()
finally:
    print(json.dumps({"celery": sorted({"celery", "kombu", "billiard"} & sys.modules.keys())}))
"""


@pytest.fixture
def environment(redis_url: str, tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "frames.jsonl"
    frames = [{"at": n / 20, "rows": sheet(row(last=6879.5 + n))} for n in range(2_000)]
    path.write_text("\n".join(map(json.dumps, frames)))
    return {
        "PATH": os.environ["PATH"],
        "FLASK_APP": "wsgi.py",
        "STATE_DIR": str(tmp_path / "var"),
        "REDIS_URL": redis_url,
        "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/none",
        "DATA_PROVIDER": "excel_recorded",
        "EXCEL_DATA_FILE": str(path),
        "EXCEL_POLL_MS": "20",
    }


@pytest.fixture
def collector(bus: Redis, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", ELSEWHERE, "excel-to-redis"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as found:
        try:
            yield found
        finally:
            found.kill()


def test_a_sheet_is_collected_without_posix_and_ctrl_c_ends_it_in_order(
    bus: Redis, collector: subprocess.Popen[str]
) -> None:
    until(lambda: collector.poll() is not None or bus.xlen(keys.STREAM) >= 5, 60)

    collector.send_signal(signal.SIGINT)
    told, _ = collector.communicate(timeout=30)

    assert collector.returncode == 0, told
    assert f"Stopped collecting EXCEL: {bus.xlen(keys.STREAM)} quotes published" in told
    assert json.loads(told.splitlines()[-1]) == {"celery": []}
    assert not bus.exists(keys.lease("EXCEL"))
