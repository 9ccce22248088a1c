from datetime import timedelta

import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.collectors.crashes import (
    VANISHED,
    Crashes,
    begin_run,
    clear_run,
    count_crash,
    forgive,
    read_crashes,
    settle_vanished,
)
from tests.factories import MOMENT

SOURCE = "EXCEL"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def crash(bus):
    """Begins a run and has it fail at an instant, for a reason."""
    tokens = iter(range(1, 1000))

    def fail(at, reason="no reason"):
        token = next(tokens)
        begin_run(bus, SOURCE, token, at)
        count_crash(bus, SOURCE, token, reason, at)

    return fail


def test_a_start_that_fails_is_counted_with_its_reason(bus, crash):
    crash(MOMENT, "the sheet is gone")

    assert read_crashes(bus, SOURCE) == Crashes(1, MOMENT, MOMENT, "the sheet is gone")


def test_the_third_start_that_fails_within_ten_minutes_makes_the_next_one_wait_half_a_minute(bus, crash):
    crash(MOMENT)
    crash(MOMENT + 4 * MINUTE)
    before = read_crashes(bus, SOURCE)
    crash(MOMENT + 9 * MINUTE, "again")

    crashes, now = read_crashes(bus, SOURCE), MOMENT + 9 * MINUTE
    assert (before.is_loop, before.must_wait(now)) == (False, False)
    assert (crashes.is_loop, crashes.last_error) == (True, "again")
    assert (crashes.must_wait(now + 29 * SECOND), crashes.must_wait(now + 37 * SECOND)) == (True, False)


def test_the_waits_double_up_to_five_minutes(bus, crash):
    now, waits = MOMENT, []
    for _ in range(9):
        crash(now)
        if not_before := read_crashes(bus, SOURCE).not_before:
            waits.append((not_before - now).total_seconds())
            now = not_before

    assert all(
        low <= wait <= 1.2 * low or wait == 300
        for low, wait in zip([30, 60, 120, 240, 300, 300, 300], waits, strict=True)
    )
    assert waits[-1] == 300


def test_failures_that_are_far_apart_are_no_loop(bus, crash):
    for number in range(5):
        crash(MOMENT + number * 6 * MINUTE)

    assert read_crashes(bus, SOURCE).count < 3


@pytest.mark.parametrize("begun", [1, 2, 3])
def test_a_process_that_vanished_is_counted_by_whoever_comes_next(bus, begun):
    for token in range(1, begun + 1):
        begin_run(bus, SOURCE, token, MOMENT)

    begin_run(bus, SOURCE, begun + 1, MOMENT)

    crashes = read_crashes(bus, SOURCE)
    assert (crashes.count, crashes.last_error) == (begun, VANISHED)


def test_a_process_that_vanished_is_counted_once(bus):
    begin_run(bus, SOURCE, 1, MOMENT)

    for _ in range(3):
        settle_vanished(bus, SOURCE, MOMENT)

    assert read_crashes(bus, SOURCE).count == 1


def test_a_run_whose_lease_lives_has_not_vanished(bus):
    token = acquire(bus, keys.lease(SOURCE), keys.epoch(SOURCE)).token
    begin_run(bus, SOURCE, token, MOMENT)

    settle_vanished(bus, SOURCE, MOMENT)

    assert read_crashes(bus, SOURCE) == Crashes()


def test_a_good_end_clears_what_was_counted(bus, crash):
    for _ in range(4):
        crash(MOMENT)
    begin_run(bus, SOURCE, 1000, MOMENT)

    clear_run(bus, SOURCE, 1000)

    assert read_crashes(bus, SOURCE) == Crashes()
    assert not bus.exists(keys.crashes(SOURCE))


def test_a_run_that_another_has_displaced_changes_nothing(bus, crash):
    crash(MOMENT)
    begin_run(bus, SOURCE, 1000, MOMENT)

    clear_run(bus, SOURCE, 999)
    count_crash(bus, SOURCE, 999, "late", MOMENT)

    assert (read_crashes(bus, SOURCE).count, bus.hget(keys.crashes(SOURCE), "begun")) == (1, "1000")


def test_who_is_forgiven_may_start_at_once(bus, crash):
    for _ in range(4):
        crash(MOMENT)

    forgive(bus, SOURCE)

    assert not read_crashes(bus, SOURCE).must_wait(MOMENT)


def test_a_crash_loop_is_told_when_it_grows(bus, crash, caplog):
    for _ in range(4):
        crash(MOMENT, "the sheet is gone")

    told = [record.getMessage() for record in caplog.records if "crash loop" in record.getMessage()]
    assert len(told) == 2
    assert "EXCEL failed 4 times in a row" in told[1]
    assert "the sheet is gone" in told[1]
