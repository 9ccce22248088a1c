from datetime import timedelta

import pytest

from app.analysis.data.odd_days import read_odd_day
from app.analysis.data.tick_days import MINUTES, TickDay
from app.lake.layout import Lake
from app.lake.query import connect
from app.market.sessions import Session
from tests.ticks import HOURS, OPEN, trade, write_ticks


def test_a_counter_that_restarts_is_counted_on(read):
    found = read([trade(1, 10, 100), trade(61, 11, 105), trade(121, 12, 3)])

    assert found["volume"].to_list() == [100, 5, 3]


def test_trades_that_are_not_flagged_are_inferred(read):
    found = read([trade(1, 10, 1, trade=False), trade(61, 10, 1, trade=False), trade(121, 12, 2, trade=False)])

    assert found["close"].to_list() == [10, None, 12]
    assert found["volume"].to_list() == [1, None, 1]
    assert found["tick_count"].to_list() == [1, 1, 1]


def test_rows_come_by_source_and_time_in_the_columns_of_minutes(read):
    found = read([trade(61, 2, 2), trade(1, 9, 9, source="SCHWAB"), trade(1, 1, 1), trade(2, 8, 1, source="EXCEL")])

    assert found.schema == MINUTES
    assert found["source"].to_list() == ["EXCEL", "REPLAY", "REPLAY", "SCHWAB"]
    assert found["close"].to_list() == [8, 1, 2, 9]


def test_a_minute_with_trades_of_two_contracts_has_no_price_and_no_volume(read):
    found = read([trade(1, 10, 5), trade(2, 60, 7, contract="ESH26"), trade(61, 61, 8, contract="ESH26")])

    assert found["close"].to_list() == [None, 61]
    assert found["volume"].to_list() == [None, 1]
    assert found["contract"].to_list() == [None, "ESH26"]


def test_the_last_minute_ends_with_the_session(read):
    hours = Session(HOURS.day, OPEN, OPEN + timedelta(seconds=90))

    assert read([trade(80, 10, 1), trade(90, 11, 2)], hours)["t_close"].to_list() == [hours.close]


def test_a_session_without_ticks_has_no_minutes(read):
    found = read([trade(-5, 10, 1)])

    assert (found.schema, len(found)) == (MINUTES, 0)


@pytest.fixture
def read(tmp_path):
    lake = Lake(tmp_path / "lake")

    def read_written(ticks, hours=HOURS):
        write_ticks(lake, ticks)
        with connect(lake) as connection:
            return read_odd_day(connection, "ES", TickDay(lake.ticks_file(HOURS.day, "ES"), True, hours))

    return read_written
