"""The running figures of a session, and their way into quotes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from app.collectors.simulation import NOT_KNOWN, Book
from app.collectors.tape import Prices, Strip, Tape


def book(trades: str, paid: list[int]) -> Book:
    """Events Q (quote) and T (trade) at the given prices, one contract each, the book at paid - 1 and paid."""
    prices, ones = np.array(paid), np.ones(len(paid), dtype=np.int64)
    return Book(prices - 1, prices, ones, ones, np.array([kind == "T" for kind in trades]), prices, ones)


def test_nothing_is_known_before_the_first_trade_but_the_previous_close() -> None:
    events = Tape(close=100).record(book("Q", [101]))

    for column in (events.last, events.open, events.high, events.low, events.change, events.last_size):
        assert column.tolist() == [NOT_KNOWN]
    assert events.volume.tolist() == [0]


def test_figures_follow_the_trades_and_ignore_the_quotes_between() -> None:
    events = Tape(close=100).record(book("TQTQT", [103, 999, 101, 1, 105]))

    assert events.last.tolist() == [103, 103, 101, 101, 105]
    assert events.open.tolist() == [103] * 5
    assert events.high.tolist() == [103, 103, 103, 103, 105]
    assert events.low.tolist() == [103, 103, 101, 101, 101]
    assert events.change.tolist() == [3, 3, 1, 1, 5]
    assert events.volume.tolist() == [1, 1, 2, 2, 3]


def test_a_tape_in_two_parts_equals_one_in_a_single_part() -> None:
    kinds, paid = "QTQQTTQT", [5, 7, 4, 9, 3, 8, 1, 6]
    whole = Tape(close=2).record(book(kinds, paid))

    tape = Tape(close=2)
    parts = [tape.record(book(kinds[:3], paid[:3])), tape.record(book(kinds[3:], paid[3:]))]

    for column, first, second in zip(whole, *parts, strict=True):
        assert column.tolist() == first.tolist() + second.tolist()


@pytest.mark.parametrize(
    ("tick", "ticks", "price"),
    [
        ("0.25", 27_600, "6900.00"),
        ("0.00390625", -1, "-0.00390625"),
        ("5", 20_400, "102000"),
        ("0.0000005", 13, "6.5E-6"),
    ],
)
def test_a_price_is_the_exact_multiple_of_its_tick(tick: str, ticks: int, price: str) -> None:
    assert Prices(Decimal(tick))[ticks] == Decimal(price)


def test_a_strip_becomes_quotes_of_the_simulated_source() -> None:
    prices, tape = Prices(Decimal("0.5")), Tape(close=100)
    strip = Strip("ES", date(2025, 1, 2), prices, 100, np.array([0, 1]), tape.record(book("QT", [103, 104])))

    first, second = strip.quotes(np.array([8, 9]))

    assert (first.source, first.seq, first.trade, first.last, first.change, first.volume) == (
        "SIMULATED", 8, False, None, None, 0,
    )  # fmt: skip
    assert (second.seq, second.trade, second.last, second.close) == (9, True, Decimal("52.0"), Decimal("50.0"))
    assert second.change == Decimal("2.0")
    assert second.ts == second.recv_ts == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert (second.session_date, second.ts_origin, second.contract) == (date(2025, 1, 2), "exchange", None)
