from datetime import timedelta

import pytest

from app.errors import Unavailable
from app.operations.doctor.clocks import ask_system, check_keeping, compare, is_wsl


@pytest.mark.parametrize(("ahead_s", "level"), [(0.5, "ok"), (-5, "warning"), (31, "wrong")])
def test_a_servers_clock_agrees_or_not(ahead_s, level):
    found = compare("Redis", lambda: timedelta(seconds=ahead_s), "set it")

    assert (found.name, found.level) == ("clock_of_redis", level)
    assert found.fix == ("" if level == "ok" else "set it")


def test_the_clock_of_a_server_that_is_away_is_not_known():
    def away():
        raise Unavailable("Redis is not running")

    assert compare("Redis", away, "").level == "unknown"


@pytest.mark.parametrize(
    ("is_kept", "in_wsl", "level"),
    [
        (True, False, "ok"),
        (True, True, "ok"),
        (False, False, "warning"),
        (None, False, "unknown"),
        (None, True, "warning"),
    ],
)
def test_a_clock_that_nothing_sets_is_warned_of(is_kept, in_wsl, level):
    assert check_keeping(is_kept, in_wsl).level == level


@pytest.mark.parametrize(("says", "told"), [("yes", True), ("no", False), ("", None)])
def test_the_system_is_asked_whether_its_clock_is_set(tmp_path, says, told):
    program = tmp_path / "timedatectl"
    program.write_text(f"#!/bin/sh\necho {says}\n")
    program.chmod(0o700)

    assert ask_system(tmp_path / "none", str(program)) is told


def test_the_mark_of_a_clock_that_is_set_is_enough(tmp_path):
    (tmp_path / "synchronized").touch()

    assert ask_system(tmp_path / "synchronized", "/no/such/program") is True
    assert ask_system(tmp_path / "none", "/no/such/program") is None


def test_linux_inside_windows_is_known_by_its_kernel(tmp_path):
    (tmp_path / "version").write_text("Linux version 5.15.167.4-microsoft-standard-WSL2")

    assert is_wsl(tmp_path / "version")
    assert not is_wsl(tmp_path / "none")
