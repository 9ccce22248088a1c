from datetime import timedelta

import pytest

from app.collectors.pacing import IDLE_S, paced
from tests.factories import MOMENT, quote


class Stage:
    """A stop and a monotonic clock in one: waiting moves the clock, and the curtain falls at a time."""

    def __init__(self, ends_at: float = float("inf")) -> None:
        self.now = 1000.0
        self._ends_at = 1000.0 + ends_at

    def is_set(self) -> bool:
        return self.now >= self._ends_at

    def wait(self, timeout: float) -> bool:
        self.now = min(self.now + timeout, self._ends_at)
        return self.is_set()

    def monotonic(self) -> float:
        return self.now


def at(*seconds):
    return [quote(seq=seq, ts=MOMENT + timedelta(seconds=second)) for seq, second in enumerate(seconds)]


def play(chunks, speed, stage):
    return [
        (stage.now - 1000.0, [q.seq for q in quotes])
        for quotes in paced(chunks, speed, stage, stage.monotonic)
        if quotes
    ]


def test_without_a_pace_everything_comes_at_once():
    stage = Stage()

    assert play([at(0, 60), at(3600)], None, stage) == [(0, [0, 1]), (0, [0])]


@pytest.mark.parametrize(("speed", "due"), [(1.0, [0, 10, 70]), (10.0, [0, 1, 7]), (0.5, [0, 20, 140])])
def test_each_quote_comes_when_it_is_due(speed, due):
    played = play([at(0, 10, 70)], speed, Stage())

    assert [when for when, _ in played] == pytest.approx(due)


def test_the_pace_goes_on_over_chunks():
    played = play([at(0, 1), at(5)], 1.0, Stage())

    assert played == [(0, [0]), (1, [1]), (5, [0])]


def test_quotes_that_are_due_together_come_together():
    assert play([at(0, 0, 0.2, 0.2)], 1.0, Stage()) == [(0, [0, 1]), (pytest.approx(0.2), [2, 3])]


def test_quotes_out_of_order_come_in_file_order_and_hold_nothing_up():
    assert play([at(0, 5, 3, 6)], 1.0, Stage()) == [(0, [0]), (5, [1, 2]), (6, [3])]


def test_what_is_late_comes_at_once():
    stage = Stage()
    played = []
    for quotes in paced([at(0, 1, 2, 3)], 1.0, stage, stage.monotonic):
        played.append([q.seq for q in quotes])
        stage.now += 2.5  # The caller takes its time.

    assert played == [[0], [1, 2], [3]]


def test_a_long_wait_gives_a_sign_every_second():
    stage = Stage()

    signs = [stage.now for quotes in paced([at(0, 60)], 1.0, stage, stage.monotonic) if not quotes]

    assert len(signs) == 60 / IDLE_S - 1


def test_a_stop_ends_a_wait():
    stage = Stage(ends_at=100.5)

    played = play([at(0, 3600), at(7200)], 1.0, stage)

    assert played == [(0, [0])]
    assert stage.now == 1100.5


def test_a_stop_ends_a_replay_without_pace_between_chunks():
    stage = Stage(ends_at=1)
    chunks = iter([at(0), at(1)])
    played = []
    for quotes in paced(chunks, None, stage, stage.monotonic):
        played.append(quotes)
        stage.now += 1

    assert len(played) == 1
