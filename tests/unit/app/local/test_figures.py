import os
import subprocess
import sys
from pathlib import Path

from app.local.figures import member_figures
from app.local.lock import hold_lock
from app.local.state import StateDirectory
from app.local.status import ProcessStatus, write_processes
from tests.waiting import until

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"


def test_where_no_group_runs_there_is_nothing(tmp_path: Path) -> None:
    assert member_figures(tmp_path) == {}
    assert member_figures(tmp_path / "missing") == {}


def test_servers_and_supervisor_are_told_with_what_they_have_started(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=pipe, stdout=pipe) as server, hold_lock(tmp_path):
        assert server.stdout is not None
        assert server.stdout.readline() == b"1\n"
        members = {"postgres": server.pid, "web": os.getpid(), "valkey": None}
        since = "2025-10-09T15:30:00.000000Z"
        write_processes(
            StateDirectory(tmp_path), [ProcessStatus(name, "running", since, pid) for name, pid in members.items()]
        )

        found = member_figures(tmp_path)

        # The web server tells of itself.
        assert set(found) == {"supervisor", "postgres"}
        assert (found["postgres"].processes, found["supervisor"].processes) == (2, 1)
        assert found["postgres"].memory_bytes > 1_000_000
        server.communicate(b"\n")


def test_a_server_that_has_just_ended_takes_nothing(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with hold_lock(tmp_path):
        write_processes(StateDirectory(tmp_path), [ProcessStatus("valkey", "running", "", gone.pid)])

        until(lambda: member_figures(tmp_path)["valkey"].processes == 0)
