from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from operator import itemgetter

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analysis.data import minutes
from app.analysis.data.minutes import read_minutes
from app.analysis.data.tick_days import MINUTES, TickDay
from app.collectors.simulator import session_quotes
from app.history.bar_query import build_bars
from app.lake.layout import Lake
from app.lake.query import connect
from app.market.sessions import Session
from tests.tick_days import sessions, steady, tick
from tests.ticks import tick_table, write_ticks

FIRST, SECOND, THIRD = sessions(date(2025, 10, 8), 3)
COLUMNS = ("source", "t_open", "t_close", "open", "high", "low", "close", "volume", "tick_count")
# Seconds after the open: around minutes, before the open and after the close.
MOMENTS = st.sampled_from([-1, 0, 0.5, 59.999999, 60, 61, 119, 120, 180, 599, 82_799.5, 82_800])
PRICES = st.sampled_from([None, "-37.63", "0", "0.0065325", "110.015625", "26900.25", "999999999.123456789"])
TICKS = st.lists(
    st.tuples(
        MOMENTS,
        PRICES,
        st.sampled_from([None, 0, 1, 5, 5, 6, 7, 100, 101, 3_000_000_000]),
        st.sampled_from(["EXCEL", "SCHWAB"]),
        st.sampled_from([None, "ESZ25", "ESZ25", "ESZ5", "ESH26", "nonsense"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, deadline=None)
@given(days=st.tuples(TICKS, TICKS), rises=st.booleans(), alike=st.booleans(), flags=st.booleans())
def test_the_minutes_of_any_ticks_are_those_of_the_bars(lakes, days, rises, alike, flags):
    lake, connection = next(lakes)
    made = [ticks_of(*known, rises, alike, flags) for known in zip((FIRST, SECOND), days, strict=True)]
    for hours, ticks in zip((FIRST, SECOND), made, strict=True):
        write_plainly(lake.ticks_file(hours.day, "ES"), ticks)

    found = read_minutes(connection, "ES", [asked(lake, hours) for hours in (FIRST, SECOND)])

    pairs = zip((FIRST, SECOND), made, strict=True)
    expected = [bar for hours, ticks in pairs for bar in bars(connection, lake, hours, ticks)]
    assert priced(found) == expected


def test_the_minutes_of_simulated_sessions_are_those_of_the_bars_in_one_question(lake, monkeypatch):
    for hours in (FIRST, SECOND, THIRD):
        write_ticks(lake, list(session_quotes(hours, ["ES"], 3, 4_000)), day=hours.day)
    monkeypatch.setattr(minutes, "read_odd_day", refuse)

    found = read(lake, FIRST, SECOND, THIRD)

    with connect(lake) as connection:
        expected = [bar for hours in (FIRST, SECOND, THIRD) for bar in bars(connection, lake, hours, [])]
    assert len(expected) > 1_500
    assert priced(found) == expected


@pytest.mark.parametrize(
    ("size", "is_trade", "grown"), [(3, True, 3), (3, False, 0), (None, True, 0), (9_000, True, 9_000)]
)
def test_a_counter_that_is_first_seen_late_starts_from_just_before_its_tick(lake, monkeypatch, size, is_trade, grown):
    seen = tick(SECOND, 600, 10, 8_000, last_size=size, trade=is_trade)
    write_ticks(lake, steady(FIRST, [1, 2]), day=FIRST.day)
    write_ticks(
        lake, [tick(SECOND, 5, 9), seen, tick(SECOND, 610, 11, 8_004), tick(SECOND, 670, 12, 8_009)], day=SECOND.day
    )
    monkeypatch.setattr(minutes, "read_odd_day", refuse)

    found = read(lake, FIRST, SECOND)

    assert found["volume"].to_list() == [1, 1, None, grown + 4, 5]


def test_a_half_day_is_read_up_to_its_close(lake):
    (eve,) = sessions(date(2025, 11, 28), 1)
    last_s = (eve.close - eve.open).total_seconds()
    write_ticks(lake, [tick(eve, 0, 10, 1), tick(eve, last_s - 1, 11, 2), tick(eve, last_s, 12, 3)], day=eve.day)

    found = read(lake, eve)

    assert last_s == 19.25 * 3600
    assert found["close"].to_list() == [10, 11]
    assert found["t_close"].to_list() == [eve.open + timedelta(minutes=1), eve.close]


def test_a_session_that_opens_within_a_minute_has_its_minutes_counted_from_there(lake):
    hours = Session(FIRST.day, FIRST.open + timedelta(seconds=20), FIRST.close)
    write_ticks(
        lake, [tick(FIRST, 10, 9), tick(FIRST, 30, 10), tick(FIRST, 79, 11), tick(FIRST, 80, 12)], day=FIRST.day
    )

    found = read(lake, hours)

    assert found["close"].to_list() == [11, 12]
    assert found["t_open"].to_list() == [hours.open, hours.open + timedelta(minutes=1)]


def test_a_minute_with_trades_of_two_contracts_has_no_price_but_is_counted(lake):
    old, new = partial(tick, FIRST, contract="ESZ25"), partial(tick, FIRST, contract="ESH26")
    write_ticks(lake, [old(1, 10), new(2, 50, trade=False), old(61, 11), new(62, 51), new(121, 52)], day=FIRST.day)

    found = read(lake, FIRST)

    assert found["close"].to_list() == [10, None, 52]
    assert found["contract"].to_list() == ["ESZ25", None, "ESH26"]
    assert found["tick_count"].to_list() == [2, 2, 1]


def test_two_spellings_of_a_contract_are_one(lake):
    write_ticks(lake, [tick(FIRST, 1, 10, contract="ESZ25"), tick(FIRST, 2, 11, contract="ESZ5")], day=FIRST.day)

    found = read(lake, FIRST)

    assert (found["close"].to_list(), found["contract"].to_list()) == ([11], ["ESZ25"])


def test_where_trades_are_not_flagged_prices_of_two_contracts_do_not_mix_either(lake):
    quoted = partial(tick, FIRST, trade=False)
    write_ticks(lake, [quoted(1, 10, contract="ESZ25"), quoted(2, 50, contract="ESH26")], day=FIRST.day)

    assert read(lake, FIRST)["close"].to_list() == [None]


@pytest.mark.parametrize(
    "odd",
    [
        [tick(SECOND, 1, 10, 5, trade=False)],
        [tick(SECOND, 1, 10, 5), tick(SECOND, 2, 10, 4)],
        [tick(SECOND, 1, 10, 5), tick(SECOND, 61, 10, 4)],
        [tick(SECOND, 1, 10, 5), tick(SECOND, 2, 10, 6, contract="ESH26")],
        [tick(SECOND, 1, 10, 5), tick(SECOND, 2, 10, 6, contract=None)],
    ],
    ids=["no trade flagged", "falls in a minute", "falls", "two contracts", "a contract not always told"],
)
def test_only_an_odd_session_is_read_on_its_own(lake, monkeypatch, odd):
    for hours, ticks in ((FIRST, steady(FIRST, [1, 2])), (SECOND, odd), (THIRD, steady(THIRD, [3]))):
        write_ticks(lake, ticks, day=hours.day)
    alone = []
    monkeypatch.setattr(minutes, "read_odd_day", lambda _, __, day: alone.append(day.hours) or nothing())

    read(lake, FIRST, SECOND, THIRD)

    assert alone == [SECOND]


def test_one_thread_and_two_give_the_same_bits(lake):
    for hours in (FIRST, SECOND):
        write_ticks(lake, list(session_quotes(hours, ["ES"], 5, 3_000)), day=hours.day)

    assert read(lake, FIRST, SECOND, threads=1).equals(read(lake, FIRST, SECOND, threads=2))


def test_no_files_give_no_minutes(lake):
    assert read(lake).schema == MINUTES


def ticks_of(hours, known, rises, alike, flags):
    ticks, volume = [], 0
    for seq, (at_s, price, told, source, contract, is_trade) in enumerate(sorted(known, key=itemgetter(0))):
        volume = volume + (told or 0) % 50 if rises else told
        made = tick(hours, at_s, 0, volume, seq=seq, source=source, trade=is_trade or flags)
        ticks.append(made._replace(last=price and Decimal(price), contract="ESZ25" if alike else contract))
    return ticks


def write_plainly(path, ticks):
    path.parent.mkdir(parents=True)
    pq.write_table(tick_table(ticks), path)


def bars(connection, lake, hours, ticks):
    path = lake.ticks_file(hours.day, "ES")
    rows = build_bars(connection, path, "ES", hours, hours.close, ["1m"])["1m"].to_pylist()
    mixed = minutes_with_two_contracts(hours, ticks)
    plain = [{**bar, **{name: float(bar[name]) for name in ("open", "high", "low", "close")}} for bar in rows]
    kept = [bar for bar in plain if (bar["source"], bar["t_open"]) not in mixed]
    return [
        tuple(bar[name] for name in COLUMNS) for bar in sorted(kept, key=lambda bar: (bar["source"], bar["t_open"]))
    ]


def minutes_with_two_contracts(hours, ticks):
    inside = [one for one in ticks if hours.open <= one.ts < hours.close and one.last is not None]
    flagging = {one.source for one in inside if one.trade}
    found = {}
    for one in inside:
        contract = {"ESZ5": "ESZ25", "nonsense": None}.get(one.contract, one.contract)
        if contract and (one.trade or one.source not in flagging):
            minute = hours.open + (one.ts - hours.open) // timedelta(minutes=1) * timedelta(minutes=1)
            found.setdefault((one.source, minute), set()).add(contract)
    return {key for key, contracts in found.items() if len(contracts) > 1}


def priced(found):
    return found.filter(pl.col("close").is_not_null()).select(COLUMNS).rows()


def read(lake, *days, threads=None):
    with connect(lake, threads=threads) as connection:
        return read_minutes(connection, "ES", [asked(lake, hours) for hours in days])


def asked(lake, hours):
    return TickDay(lake.ticks_file(hours.day, "ES"), True, hours)


def refuse(*_):
    raise AssertionError("a session was read on its own")


def nothing():
    return pl.DataFrame(schema=MINUTES)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    root = tmp_path_factory.mktemp("lakes")
    with connect(Lake(root)) as connection:
        yield ((Lake(root / str(number)), connection) for number in count())


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
