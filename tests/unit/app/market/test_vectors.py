from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Rejected
from app.market.market import Market
from tests.hours import MARKETS, at, each_market, edges, instants

FIRST, LAST = at("2000-01-01T00:00:00Z"), at("2028-12-31T23:59:59Z")


def array_of(asked: list[datetime]) -> np.ndarray:
    return np.array([instant.replace(tzinfo=None) for instant in asked], dtype="datetime64[us]")


@each_market
@given(st.data())
@settings(max_examples=20)
def test_arrays_are_answered_as_single_instants_are(market: Market, data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.one_of(instants, edges(market)), min_size=1, max_size=20))
    rules, array = market.vectors(min(asked), max(asked)), array_of(asked)

    assert rules.session_of(array).tolist() == [market.session_of(instant) for instant in asked]
    assert rules.status_at(array).tolist() == [market.status_at(instant) for instant in asked]
    assert rules.is_open(array).tolist() == [market.is_open(instant) for instant in asked]
    following = [instant.replace(tzinfo=UTC) for instant in rules.next_transition(array).tolist()]
    assert following == [market.next_transition(instant).at for instant in asked]


@each_market
def test_whole_microseconds_and_every_unit_of_time_are_understood(market: Market) -> None:
    rules = market.vectors(FIRST, LAST)
    array = np.array(["2025-10-09T22:00:00", "2025-07-04T17:00:00"], dtype="datetime64[s]")

    expected = rules.session_of(array)

    for unit in ("ms", "us", "ns"):
        assert (rules.session_of(array.astype(f"datetime64[{unit}]")) == expected).all()
    assert (rules.session_of(array.astype("datetime64[us]").astype(np.int64)) == expected).all()
    assert rules.session_of(array.reshape(2, 1)).shape == (2, 1)


def test_a_nanosecond_before_the_roll_belongs_to_the_day_before() -> None:
    rules = MARKETS.default.vectors(FIRST, LAST)
    before = np.datetime64("2025-10-09T21:59:59.999999999", "ns")

    assert str(rules.session_of(np.array([before]))[0]) == "2025-10-09"


def test_no_instants_have_no_answers() -> None:
    assert MARKETS.default.vectors(FIRST, LAST).session_of(np.array([], dtype="datetime64[us]")).size == 0


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array(["2025-10-09", "NaT"], dtype="datetime64[us]"), "missing"),
        (np.array(["1999-12-31"], dtype="datetime64[us]"), "outside of the calendar"),
        (np.array(["2100-01-01"], dtype="datetime64[us]"), "outside of the calendar"),
        (np.array([1.5]), "not float64"),
        (np.array(["2025-10-09T15:30:00Z"]), "not <U20"),
        (np.array([True]), "not bool"),
        (np.array([datetime(2025, 10, 9)], dtype=object), "not object"),
    ],
)
def test_what_is_no_instant_of_the_calendar_is_rejected(array: np.ndarray, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        MARKETS.default.vectors(FIRST, LAST).session_of(array)


def test_the_rules_are_made_once() -> None:
    assert MARKETS.default.vectors(FIRST, LAST) is MARKETS.default.vectors(LAST, LAST)
