from datetime import timedelta

from app.collectors.feeds import BUSY, FALLBACK, LOST, NEEDS_LOGIN, STREAMING, FeedState
from app.collectors.progress import AliveMinutes, Rate, feed_figures
from app.market.markets import market
from tests.factories import MOMENT


class Hours:
    """A clock of seconds that a test sets."""

    def __init__(self):
        self.s = 1000.0

    def __call__(self):
        return self.s


def test_the_rate_is_of_the_last_minute():
    time_s = Hours()
    rate = Rate(time_s)

    for _ in range(120):
        rate.count(30)
        rate.count(20)
        time_s.s += 1

    assert rate.per_s() == 50.0


def test_the_rate_of_the_first_seconds_is_of_those():
    time_s = Hours()
    rate = Rate(time_s)

    rate.count(100)
    time_s.s += 4

    assert rate.per_s() == 25.0


def test_a_source_that_says_nothing_more_has_the_rate_zero_after_a_minute():
    time_s = Hours()
    rate = Rate(time_s)

    rate.count(600)
    time_s.s += 59
    before = rate.per_s()
    time_s.s += 2

    assert (before > 10, rate.per_s()) == (True, 0.0)


def test_a_feed_is_alive_in_the_minutes_in_which_it_said_something():
    assert alive(*(FeedState(STREAMING, data_at=MOMENT + timedelta(seconds=at)) for at in (0, 59, 61, 180))) == 3


def test_a_feed_of_which_no_quotes_come_is_not_alive():
    assert alive(*(FeedState(state, data_at=MOMENT) for state in (BUSY, LOST, NEEDS_LOGIN))) == 0
    assert alive(FeedState(STREAMING)) == 0
    assert alive(FeedState(FALLBACK, data_at=MOMENT)) == 1


def test_what_a_feed_does_not_know_is_absent():
    figures = feed_figures(FeedState(LOST, reconnects=2, figures={"polls": 7}))

    assert {name: value for name, value in figures.items() if value is not None} == {
        "feed": LOST,
        "reconnects": 2,
        "feed_polls": 7,
    }


def alive(*states):
    """In how many minutes a feed with these states, one after another, counts as alive."""
    minutes = AliveMinutes("EXCEL", market())
    for state in states:
        minutes.note(state)
    return len(minutes._minutes)
