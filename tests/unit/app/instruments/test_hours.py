from datetime import UTC, date, datetime

import pytest

from app.instruments.hours import (
    closing_market,
    groups_of,
    hours_on,
    last_closes,
    last_day_over,
    market_of,
    sessions_on,
)
from app.market.markets import DEFAULT
from tests.fakes import JOBS_GOOD_FRIDAY, LABOR_DAY, METALS, MarketsWithMetals

MARKETS = MarketsWithMetals()
ES_CLOSE = datetime(2025, 9, 1, 17, tzinfo=UTC)
GC_CLOSE = datetime(2025, 9, 1, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(("symbol", "name"), [("GC", METALS), ("ES", DEFAULT), ("VX", DEFAULT), ("NEVER", DEFAULT)])
def test_a_symbol_without_a_market_of_its_own_follows_the_desk(symbol, name):
    assert market_of(MARKETS, symbol).name == name


def test_the_groups_differ_on_holidays():
    assert (hours_on(MARKETS, "ES", LABOR_DAY).close, hours_on(MARKETS, "GC", LABOR_DAY).close) == (ES_CLOSE, GC_CLOSE)


def test_a_day_ends_with_the_desk_for_a_symbol_whose_market_is_closed():
    assert hours_on(MARKETS, "GC", JOBS_GOOD_FRIDAY) is None
    assert closing_market(MARKETS, "GC", JOBS_GOOD_FRIDAY).name == DEFAULT
    assert closing_market(MARKETS, "GC", LABOR_DAY).name == METALS


def test_each_group_is_told_once_and_the_desk_first():
    assert [market.name for market in groups_of(MARKETS)] == [DEFAULT, METALS]
    assert [hours.close for hours in sessions_on(MARKETS, LABOR_DAY)] == [ES_CLOSE, GC_CLOSE]
    assert [hours.close.hour for hours in sessions_on(MARKETS, JOBS_GOOD_FRIDAY)] == [13]
    assert sessions_on(MARKETS, date(2025, 12, 25)) == []


def test_the_last_close_of_a_day_is_that_of_the_group_that_trades_longest():
    found = last_closes(MARKETS, date(2025, 8, 29), date(2025, 9, 2))

    assert list(found) == [date(2025, 8, 29), LABOR_DAY, date(2025, 9, 2)]
    assert found[LABOR_DAY] == GC_CLOSE


def test_a_day_is_over_when_the_last_group_has_closed():
    friday = date(2025, 8, 29)

    assert [last_day_over(MARKETS, at) for at in (ES_CLOSE, GC_CLOSE)] == [friday, LABOR_DAY]
