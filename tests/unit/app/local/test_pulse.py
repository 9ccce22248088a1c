import os
from pathlib import Path
from threading import Event

import pytest

from app.local.pulse import PulseWatch, keep_pulse, pulse_file


class Time:
    """A clock and the file of a process, both moved by hand."""

    def __init__(self, file: Path) -> None:
        self.now_s, self._file = 100.0, file
        self.watch = PulseWatch(file, 20.0, lambda: self.now_s)

    def passes(self, seconds: float, touch_every_s: float | None = None) -> bool:
        """Whether the process stands still, looked at once a second until then."""
        for at in range(1, int(seconds) + 1):
            self.now_s += 1
            if touch_every_s and at % touch_every_s == 0:
                touch(self._file, self.now_s)
            is_still = self.watch.is_still()
        return is_still


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return pulse_file(tmp_path, "collectors")


@pytest.fixture
def clock(file: Path) -> Time:
    touch(file, 1)
    return Time(file)


def test_what_is_touched_lives(clock: Time) -> None:
    assert not clock.passes(100, touch_every_s=2)


def test_what_is_touched_no_more_stands_still_after_a_while(clock: Time) -> None:
    clock.passes(4, touch_every_s=2)

    assert [clock.passes(19), clock.passes(2)] == [False, True]


def test_a_file_that_an_earlier_process_left_says_nothing(clock: Time) -> None:
    assert not clock.passes(100)


def test_who_was_suspended_together_with_the_process_finds_it_alive(clock: Time) -> None:
    clock.passes(4, touch_every_s=2)
    clock.now_s += 3600

    assert [clock.watch.is_still(), clock.passes(4, touch_every_s=2), clock.passes(21)] == [False, False, True]


def test_a_process_touches_its_file_until_it_ends(file: Path) -> None:
    ended = Event()
    thread = keep_pulse(file, ended, every_s=0.01)
    while not file.exists():
        pass
    first = file.stat().st_mtime_ns
    while file.stat().st_mtime_ns == first:
        pass
    ended.set()
    thread.join(5)

    assert not thread.is_alive()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_place_that_cannot_be_written_is_told_and_no_reason_to_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pulse").write_text("a file in the way")
    ended = Event()
    ended.set()

    keep_pulse(pulse_file(tmp_path, "collectors"), ended).join(5)

    assert "cannot show that this process is alive" in caplog.text


def touch(file: Path, at_s: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    os.utime(file, (at_s, at_s))
