from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import pytest

from app.errors import Unavailable
from app.operations.alerting import disks
from app.operations.alerting.disks import GB, DiskLook, Room, room_severity


@pytest.mark.parametrize(
    ("total_gb", "free_gb", "severity"),
    [
        (1000, 100, None),
        (1000, 99.9, "warning"),
        (1000, 30, "warning"),
        (1000, 29.9, "critical"),
        (20, 5, None),
        (20, 4.9, "warning"),
        (20, 1, "warning"),
        (20, 0.9, "critical"),
        (0, 0, "critical"),
    ],
)
def test_a_disk_is_low_by_its_share_or_by_what_is_left(total_gb: float, free_gb: float, severity: str | None) -> None:
    assert room_severity(Room("/", round(total_gb * GB), round(free_gb * GB))) == severity


def test_a_place_that_is_not_there_yet_is_on_the_disk_of_what_is_there(tmp_path: Path) -> None:
    look = DiskLook()

    there, not_yet = look.room_at(tmp_path), look.room_at(tmp_path / "not" / "yet")

    assert there.mount == not_yet.mount
    assert Path(there.mount).is_mount()
    assert 0 < there.free < there.total


def test_a_disk_that_does_not_answer_holds_up_nobody_and_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = [], Event()

    def hang(place: Path) -> Room:
        asked.append(place)
        answer.wait(20)
        return Room("/", 1, 1)

    monkeypatch.setattr(disks, "_room", hang)
    look = DiskLook()

    for _time in range(2):
        with pytest.raises(Unavailable, match="does not answer"):
            look.room_at(tmp_path, within_s=0.01)
    answer.set()

    assert look.room_at(tmp_path, within_s=20) == Room("/", 1, 1)
    assert asked == [tmp_path]


def test_two_who_wait_for_the_same_look_both_get_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both_wait = Barrier(2)

    class SharedLook(Future[Room]):
        def result(self, timeout: float | None = None) -> Room:
            room = super().result(timeout)
            both_wait.wait(20)
            return room

    monkeypatch.setattr(disks, "Future", SharedLook)
    look = DiskLook()
    with ThreadPoolExecutor(2) as pool:
        first, second = [pool.submit(look.room_at, tmp_path, 20) for _waiter in range(2)]

    assert first.result().mount == second.result().mount


def test_a_disk_that_cannot_be_read_is_told_and_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_place: Path) -> Room:
        raise OSError(5, "Input/output error")

    look = DiskLook()
    monkeypatch.setattr(disks, "_room", fail)
    with pytest.raises(Unavailable, match="Input/output error"):
        look.room_at(tmp_path)
    monkeypatch.undo()

    assert look.room_at(tmp_path).total > 0
