from datetime import UTC, datetime, timedelta
from itertools import count

from app.access.attempts import FREE, LONGEST, Attempts

NOW = datetime(2025, 3, 7, tzinfo=UTC)
NOTHING = timedelta(0)


def test_the_first_attempts_are_free_and_then_each_wait_is_twice_as_long():
    waits = [wait.total_seconds() for wait in pauses(FREE + 8)]

    assert waits == [0] * FREE + [2, 4, 8, 16, 32, 64, 128, 256]


def test_no_wait_is_longer_than_a_quarter_of_an_hour():
    assert pauses(40)[-1] == LONGEST


def test_an_attempt_that_has_to_wait_does_not_make_the_wait_longer():
    attempts = Attempts()
    for _ in range(FREE + 1):
        attempts.begin("a", NOW)

    waits = {attempts.begin("a", NOW) for _ in range(50)}

    assert waits == {timedelta(seconds=2)}


def test_addresses_do_not_stand_in_each_others_way():
    attempts = Attempts()
    for _ in range(FREE + 1):
        attempts.begin("a", NOW)

    assert attempts.begin("a", NOW) > NOTHING
    assert attempts.begin("b", NOW) == NOTHING


def test_whoever_got_in_begins_anew():
    attempts = Attempts()
    for _ in range(FREE + 1):
        attempts.begin("a", NOW)

    attempts.succeeded("a")

    assert attempts.begin("a", NOW) == NOTHING


def test_memory_is_bounded_and_the_latest_are_remembered():
    attempts, numbers = Attempts(most=10), count()
    for _ in range(FREE + 1):
        attempts.begin("a", NOW)
    for _ in range(9):
        attempts.begin(f"other {next(numbers)}", NOW)

    assert len(attempts) == 10
    assert attempts.begin("a", NOW) > NOTHING
    attempts.begin("one more", NOW)
    assert attempts.begin("a", NOW) == NOTHING


def pauses(tries):
    """How long one must wait after each of so many attempts: asking while one waits changes nothing."""
    attempts, now, found = Attempts(), NOW, []
    for number in range(tries):
        assert attempts.begin("a", now) == NOTHING
        pause = attempts.begin("a", now) if number >= FREE else NOTHING
        found.append(pause)
        now += pause
    return found
