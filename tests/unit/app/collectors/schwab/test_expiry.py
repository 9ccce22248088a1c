from datetime import timedelta

import pytest

from app.collectors.schwab.expiry import ExpiryWatch, LoginTerm, threshold_of
from tests.factories import MOMENT


def hours(count):
    return timedelta(hours=count)


@pytest.mark.parametrize(
    ("left_h", "crossed_h"),
    [(168, None), (48.1, None), (48, 48), (25, 48), (24, 24), (6.5, 24), (6, 6), (0.1, 6), (0, 0), (-100, 0)],
)
def test_the_last_threshold_that_was_crossed(left_h, crossed_h):
    crossed = threshold_of(MOMENT + hours(left_h), MOMENT)

    assert crossed == (None if crossed_h is None else hours(crossed_h))


def test_each_threshold_is_said_once_over_a_week(caplog):
    watch, term = ExpiryWatch(), LoginTerm(MOMENT + hours(168))

    said = [hour for hour in range(170) if watch.note(term, MOMENT + hours(hour))]

    assert said == [120, 144, 162, 168]
    assert len(caplog.records) == 4
    assert all("flask schwab-login" in record.message for record in caplog.records)


def test_a_process_that_begins_late_says_the_last_one_only():
    watch, term = ExpiryWatch(), LoginTerm(MOMENT + hours(5))

    assert [watch.note(term, MOMENT), watch.note(term, MOMENT)] == [True, False]


def test_a_clock_that_goes_back_over_a_threshold_says_nothing_again():
    watch, term = ExpiryWatch(), LoginTerm(MOMENT + hours(24))

    assert [watch.note(term, MOMENT + hours(by)) for by in (0, -1, 0, 1)] == [True, False, False, False]


def test_another_login_is_said_anew():
    watch = ExpiryWatch()
    watch.note(LoginTerm(MOMENT + hours(1)), MOMENT)

    assert not watch.note(LoginTerm(MOMENT + hours(169)), MOMENT)
    assert watch.note(LoginTerm(MOMENT + hours(169)), MOMENT + hours(130))


@pytest.mark.parametrize(
    ("term", "told"),
    [
        (LoginTerm(MOMENT + hours(100)), "the login at Schwab is good until Mon 2025-10-13 19:30 UTC, for 4 days 4 h"),
        (
            LoginTerm(MOMENT + hours(30)),
            "the login at Schwab is good until Fri 2025-10-10 21:30 UTC, for 30 h 0 min:"
            " run `flask schwab-login` before that",
        ),
        (LoginTerm(MOMENT), "the login at Schwab is over: run `flask schwab-login`"),
        (
            LoginTerm(MOMENT + hours(10), is_known=False),
            "the login at Schwab ends within 7 days of its making, by Fri 2025-10-10 01:30 UTC at the latest:"
            " run `flask schwab-login` for one whose end is known",
        ),
    ],
)
def test_a_term_is_told_with_what_to_do(term, told):
    assert term.told(MOMENT) == told


def test_a_login_of_unknown_age_is_never_said_to_be_over():
    assert not LoginTerm(MOMENT, is_known=False).is_over(MOMENT + hours(1))
