from datetime import date, timedelta

import pytest

from app.analysis.data.tick_days import contract_of, known_part
from app.market.sessions import Session
from tests.ticks import CLOSE, DAY, HOURS, OPEN


@pytest.mark.parametrize(
    ("asof", "until"),
    [
        (CLOSE + timedelta(days=1), CLOSE),
        (CLOSE, CLOSE),
        (CLOSE - timedelta(microseconds=1), CLOSE - timedelta(minutes=1)),
        (OPEN + timedelta(seconds=119.999999), OPEN + timedelta(minutes=1)),
        (OPEN + timedelta(minutes=2), OPEN + timedelta(minutes=2)),
        (OPEN + timedelta(seconds=1), OPEN),
        (OPEN - timedelta(hours=1), OPEN),
    ],
)
def test_a_session_is_known_up_to_its_last_whole_minute(asof, until):
    assert known_part(HOURS, asof) == Session(DAY, OPEN, until)


def test_minutes_count_from_the_open_wherever_it_is():
    hours = Session(DAY, OPEN + timedelta(seconds=20), CLOSE)

    assert known_part(hours, OPEN + timedelta(seconds=150)).close == OPEN + timedelta(seconds=140)


@pytest.mark.parametrize(
    ("told", "contract"),
    [("ESZ25", "ESZ25"), ("/ESZ5:XCME", "ESZ25"), ("ES", None), (None, None), ("NQZ25", None), ("??", None)],
)
def test_a_contract_is_what_the_sources_word_means_on_that_day(told, contract):
    assert contract_of("ES", told, date(2025, 10, 9)) == contract
