import errno
import os
from pathlib import Path

import pytest

from app.operations.alerting.disks import Room
from app.operations.doctor.places import check_keeping, check_kind, check_room, file_system

GB = 10**9


@pytest.mark.parametrize(
    ("free_gb", "a_day_gb", "level"),
    [
        (500, 0, "ok"),
        (500, 1, "ok"),
        (500, 20, "warning"),
        (500, 100, "wrong"),
        (60, 0, "warning"),
        (0.5, 0, "wrong"),
    ],
)
def test_a_disk_has_room_for_long_or_not(free_gb, a_day_gb, level):
    found = check_room(Room("/data", 1000 * GB, int(free_gb * GB)), ["state", "lake"], a_day_gb * GB)

    assert (found.name, found.level) == ("disk_of_state_lake", level)


def test_the_days_are_told_where_the_growth_is_known():
    found = check_room(Room("/data", 1000 * GB, 500 * GB), ["lake"], 2 * GB)

    assert found.detail == "/data has 500.0 GB free, 50 %: for about 250 days at 2,000 MB a trading day"


@pytest.mark.parametrize(
    ("kind", "level"), [("ext4", "ok"), ("nfs4", "warning"), ("9p", "warning"), ("tmpfs", "warning"), (None, "unknown")]
)
def test_a_file_system_of_another_machine_or_in_memory_is_warned_of(kind, level):
    assert check_kind(["state"], kind).level == level


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has /proc")
def test_the_kind_of_a_mount_is_found():
    assert file_system("/proc") == "proc"
    assert file_system("/no/mount") is None


def test_a_folder_that_keeps_a_file_is_ok_and_as_it_was_before(tmp_path):
    assert check_keeping("state", tmp_path).level == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_yet_is_ok(tmp_path):
    assert check_keeping("state", tmp_path / "none").level == "ok"


def test_a_disk_that_does_not_take_a_file_is_wrong_and_nothing_is_left(tmp_path, monkeypatch):
    def fail(_file):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("app.operations.doctor.places.os.fsync", fail)

    found = check_keeping("state", tmp_path)

    assert found.level == "wrong"
    assert "Input/output error" in found.detail
    assert list(tmp_path.iterdir()) == []
