from pathlib import Path

from app.local.lock import hold_lock
from app.local.state import StateDirectory
from app.local.status import ProcessStatus, read_processes, write_processes

WEB = ProcessStatus("web", "running", "2025-10-09T15:30:00.000000Z", 4711, 2, "http://127.0.0.1:8000/")
STEP = ProcessStatus("migrations", "done", "2025-10-09T15:29:59.000000Z")


def test_the_states_come_back_as_they_were_written(tmp_path: Path) -> None:
    with hold_lock(tmp_path):
        write_processes(StateDirectory(tmp_path), [STEP, WEB])

        assert read_processes(tmp_path) == [STEP, WEB]


def test_states_of_a_group_that_died_are_not_told(tmp_path: Path) -> None:
    write_processes(StateDirectory(tmp_path), [WEB])

    assert read_processes(tmp_path) == []
