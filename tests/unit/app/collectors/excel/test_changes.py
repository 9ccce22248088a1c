from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from app.collectors.excel.area import parse_area
from app.collectors.excel.changes import Changes
from app.collectors.excel.sheet import read_sheet
from app.market.markets import market
from app.quotes import Quote
from tests.sheets import CLOSED, ES, HEADERS, ZB, row, sheet

AT = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
DAY = date(2025, 10, 9)


def test_a_row_becomes_a_quote_whose_time_is_when_it_was_read(told):
    assert told(row(symbol="/ESZ25")) == [
        Quote(
            symbol="ES",
            source="EXCEL",
            seq=1,
            ts=AT,
            recv_ts=AT,
            session_date=DAY,
            contract="ESZ25",
            ts_origin="local",
            last=Decimal("6879.50"),
            bid=Decimal("6879.25"),
            ask=Decimal("6879.50"),
            open=Decimal("6868.50"),
            high=Decimal("6895.75"),
            low=Decimal("6840"),
            close=Decimal("6870.25"),
            change=Decimal("9.25"),
            last_size=2,
            bid_size=11,
            ask_size=4,
            volume=812345,
        )
    ]


def test_a_quote_after_the_roll_is_of_the_next_trading_day(told):
    evening = datetime(2025, 10, 9, 22, 30, tzinfo=UTC)

    assert told(ES, at=evening)[0].session_date == DAY + timedelta(days=1)


def test_what_does_not_change_is_told_once(told):
    assert [len(told(ES, ZB)) for _ in range(3)] == [2, 0, 0]


@pytest.mark.parametrize(
    "change", [{"last": 6880.0}, {"bid": 6879.0}, {"ask": 6880}, {"bid_size": 12.0}, {"last_size": None}]
)
def test_a_change_of_price_or_size_is_told_for_its_row_alone(told, change):
    told(ES, ZB)

    assert [quote.symbol for quote in told(row(**change), ZB)] == ["ES"]


@pytest.mark.parametrize(
    "change", [{"high": 6900.0}, {"low": 1.0}, {"open": 6.0}, {"close": 6.0}, {"net_change": 10.0}]
)
def test_what_only_follows_from_prices_is_no_event(told, change):
    told(ES)

    assert told(row(**change)) == []


def test_another_way_to_write_the_same_number_is_no_change(told):
    told(ES, ZB)

    assert told(row(last="6,879.50", volume="812,345"), row(ZB, last="118.5", bid=118.46875)) == []


def test_a_row_without_a_price_is_no_event_and_its_return_is_none(told):
    told(ES)

    assert told(row(last="loading", bid="loading", ask="loading")) == []
    assert told(ES) == []
    assert told(CLOSED) == []


def test_a_price_that_is_not_known_any_more_is_told_as_not_known(told):
    told(ES)

    [quote] = told(row(bid="loading"))

    assert (quote.bid, quote.last) == (None, Decimal("6879.5"))


def test_another_contract_of_a_symbol_is_told_and_is_no_trade(told):
    told(row(symbol="/ESZ25"))

    [quote] = told(row(symbol="/ESH26", volume=900_000.0))

    assert (quote.contract, quote.trade) == ("ESH26", False)


@pytest.mark.parametrize(
    ("change", "is_trade"),
    [
        ({"volume": 812346.0}, True),
        ({"volume": 812346.0, "last": 6880.0}, True),
        ({"last": 6880.0}, False),
        ({"bid": 6879.0}, False),
        ({"volume": 5.0}, False),
        ({"volume": None}, False),
        ({"volume": 812346.0, "last": None}, True),
    ],
)
def test_a_trade_is_when_the_volume_grew(told, change, is_trade):
    told(ES)

    assert [quote.trade for quote in told(row(**change))] == [is_trade]


def test_the_volume_is_compared_with_the_last_one_that_was_known(told):
    told(ES)
    told(row(volume="loading"))

    assert [quote.trade for quote in told(row(volume=812345.0, bid=1.0))] == [False]
    told(row(volume="loading", bid=2.0))
    assert [quote.trade for quote in told(row(volume=812346.0, bid=2.0))] == [True]


@pytest.mark.parametrize(
    ("header", "after", "is_trade"),
    [
        ("Last", ("/ES", 6880.0, 6879.25, 2.0), True),
        ("Last", ("/ES", 6879.5, 6879.25, 3.0), True),
        ("Last", ("/ES", 6879.5, 6879.0, 2.0), False),
        ("Last", ("/ES", None, 6879.25, 2.0), False),
        ("Mark", ("/ES", 6880.0, 6879.25, 2.0), False),
    ],
)
def test_without_a_column_of_volumes_a_trade_is_when_last_or_its_size_changed(changes, header, after, is_trade):
    headers = ["Symbol", header, "Bid", "Last Size"]
    first = tell(changes, sheet(["/ES", 6879.5, 6879.25, 2.0], headers=headers))
    second = tell(changes, sheet(after, headers=headers))

    assert [quote.trade for quote in (*first, *second)] == [False, is_trade]


def test_quotes_are_numbered_in_the_order_of_the_sheet_and_none_is_left_out(told):
    assert [quote.seq for quote in (*told(ES, ZB), *told(row(last=1.0), ZB), *told(ES, row(ZB, last=1.0)))] == [
        1,
        2,
        3,
        4,
        5,
    ]


@pytest.mark.parametrize(
    ("after", "trades"),
    [((ES, ZB), []), ((row(bid=6879.0), ZB), [False]), ((row(volume=812346.0), ZB), [True]), ((ZB, ES), [])],
)
def test_what_an_earlier_run_told_is_news_only_where_it_changed(told, changes, after, trades):
    earlier = told(ES, ZB)
    later = Changes(lambda: 3, market(), earlier)

    assert [quote.trade for quote in tell(later, sheet(*after))] == trades


def tell(changes, rows, at=AT):
    return changes.quotes(read_sheet(rows, parse_area("A1:M20"), DAY), at)


@pytest.fixture
def changes():
    numbers = count(1)
    return Changes(lambda: next(numbers), market())


@pytest.fixture
def told(changes):
    return lambda *rows, at=AT: tell(changes, sheet(*rows, headers=HEADERS), at)
