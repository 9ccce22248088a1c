import os

import pytest

from app.operations.doctor.processes import check_open_files, check_running, open_files


@pytest.mark.parametrize(("holder", "level"), [(None, "unknown"), (4711, "ok"), (0, "ok")])
def test_whether_thor_runs_is_told(holder, level):
    assert check_running(holder).level == level


@pytest.mark.parametrize(("limit", "level"), [(256, "warning"), (1024, "ok")])
def test_a_web_server_that_may_open_too_few_files_for_its_clients_is_warned_of(limit, level):
    found = check_open_files(limit, 256, 200)

    assert found.level == level
    assert ("ulimit -n 1312" in found.fix) is (level == "warning")


def test_the_limit_of_this_process_is_known_and_that_of_one_that_is_gone_is_not():
    assert open_files(None) == open_files(os.getpid())
    assert open_files(2**22 + 1) is None
