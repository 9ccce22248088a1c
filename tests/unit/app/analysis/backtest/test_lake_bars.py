from datetime import timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from app.analysis.backtest.lake_bars import read_bars
from app.analysis.bars import BAR_SCHEMA
from app.errors import NotFound, Rejected
from app.lake.layout import Lake
from app.lake.query import connect
from tests.ticks import OPEN, tick_table, trade, write_ticks


def test_a_bar_has_the_first_and_the_last_price_by_time_and_number(lake):
    at = {"ts": OPEN + timedelta(seconds=50)}
    write_ticks(lake, [trade(50, 10, 1, seq=3, **at), trade(50, 12, 1, seq=2, **at), trade(5, 11, 1), trade(70, 9, 1)])

    bars = read(lake)

    assert bars.select("open", "high", "low", "close", "tick_count").rows() == [(11, 12, 10, 10, 3), (9, 9, 9, 9, 1)]
    assert bars["t_open"].to_list() == [OPEN, OPEN + timedelta(minutes=1)]
    assert bars["t_close"][0] == OPEN + timedelta(minutes=1)
    assert dict(bars.schema) == dict(BAR_SCHEMA)


def test_the_order_of_the_rows_does_not_matter(lake):
    rows = [trade(place, place % 97, 1) for place in range(600)]
    write_ticks(lake, rows)
    expected = read(lake, "5m")
    turned = np.random.default_rng(1).permutation(len(rows))

    pq.write_table(tick_table([rows[place] for place in turned]), lake.ticks_file(rows[0].session_date, "ES"))

    assert read(lake, "5m").equals(expected)
    assert expected["close"].to_list() == [299 % 97, 599 % 97]


def test_prices_without_a_trade_count_for_a_source_that_flags_none(lake):
    write_ticks(
        lake, [trade(5, 10, 1, trade=False), trade(8, 12, 1, trade=False), trade(9, 0, 1, trade=False, last=None)]
    )
    assert read(lake)["close"].to_list() == [12]

    write_ticks(lake, [trade(5, 10, 1), trade(8, 12, 1, trade=False)])
    assert read(lake)["close"].to_list() == [10]


def test_the_source_with_the_most_sessions_is_read_unless_another_is_named(lake):
    day = trade(5, 10, 1).session_date
    write_ticks(lake, [trade(5, 10, 1), trade(6, 99, 1, source="EXCEL")])
    later = {"session_date": day + timedelta(days=1)}
    write_ticks(lake, [trade(86_400, 11, 1, **later)], day=day + timedelta(days=1))

    assert read(lake)["close"].to_list() == [10, 11]
    assert read(lake, source="EXCEL")["close"].to_list() == [99]


def test_a_change_of_contract_begins_a_segment(lake):
    told = ["ESZ25", None, "ESZ25", "ESH26", None]
    write_ticks(lake, [trade(60 * place, 10, 1, contract=name) for place, name in enumerate(told)])

    bars = read(lake)

    assert bars["segment"].to_list() == [0, 0, 0, 1, 1]
    assert bars["contract"].to_list() == ["ESZ25", "ESZ25", "ESZ25", "ESH26", "ESH26"]


def test_ticks_of_no_contract_are_one_segment(lake):
    write_ticks(lake, [trade(60 * place, 10, 1, contract=None) for place in range(3)])

    assert read(lake)["segment"].to_list() == [0, 0, 0]


def test_other_lengths_are_cut_by_the_clock(lake):
    write_ticks(lake, [trade(60 * place, place, 1) for place in range(30)])

    assert read(lake, "15m")["close"].to_list() == [14, 29]
    assert read(lake, "1h")["close"].to_list() == [29]


@pytest.mark.parametrize("asked", [{"symbol": "NQ"}, {"source": "SCHWAB"}])
def test_what_is_not_there_is_not_found(lake, asked):
    write_ticks(lake, [trade(5, 10, 1)])

    with pytest.raises(NotFound):
        read(lake, **asked)


@pytest.mark.parametrize("timeframe", ["session", "7m"])
def test_a_length_that_there_is_not_is_rejected(lake, timeframe):
    with pytest.raises(Rejected):
        read(lake, timeframe)


def read(lake, timeframe="1m", symbol="ES", source=None):
    with connect(lake, threads=1) as connection:
        return read_bars(connection, lake, symbol, timeframe, source)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)
