from collections import Counter
from datetime import timedelta

import pytest

from app.errors import Rejected
from app.lake.layout import BARS, TICKS
from app.lake.manifest import record_file
from app.operations.exporting import export_session
from app.operations.lake_catalog import Wanted, describe_days, read_catalog
from app.operations.lake_states import State
from tests.factories import DAY, quotes
from tests.fakes import FixedClock
from tests.lake_days import export_quotes
from tests.ticks import CLOSE, LATER, store_quotes, trade, write_ticks

NEXT = DAY + timedelta(days=1)
SYMBOLS = ["6E", "A.B", "A-B", "A_B", "ES", "ZN"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_pages_of_any_size_hold_every_partition_once_and_in_order(rt, many, size):
    seen, after = [], None
    while True:
        page = read_catalog(rt, Wanted(), size, after)
        seen += [partition.key for partition in page.partitions]
        assert (page.totals.files, page.totals.missing) == (28, 2)
        after = page.after
        if after is None:
            break

    assert len(seen) == 30
    assert seen == sorted(seen, key=lambda key: (-key[0].toordinal(), *key[1:]))


def test_a_wrong_range_is_refused(rt):
    with pytest.raises(Rejected, match="before it begins"):
        read_catalog(rt, Wanted(NEXT, DAY), 10)


def test_a_day_is_described_by_its_partitions(rt, many):
    told = describe_days(rt, [DAY, NEXT, NEXT + timedelta(days=1)], LATER)

    assert {day: Counter(one.state for one in partitions) for day, partitions in told.items()} == {
        DAY: {State.EXPORTED: 1, State.MISSING: len(SYMBOLS) - 1 + 2 + 16},
        NEXT: {State.MISSING: len(SYMBOLS)},
        NEXT + timedelta(days=1): {},
    }


def test_bars_are_stale_when_their_ticks_were_written_again(rt, clock):
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, "CME_Futures", DAY)
    assert bar_states(rt) == {(State.EXPORTED, None)}

    export_quotes(rt.sessions, rt.lake, [trade(i, 100, i) for i in range(91)], LATER + timedelta(hours=1))

    assert bar_states(rt) == {(State.STALE, "it is older than its ticks")}


def test_bars_made_before_the_close_are_stale_after_it(rt, clock):
    clock.advance(CLOSE - timedelta(minutes=30) - LATER)
    store_quotes(rt.sessions, [trade(i, 100, i) for i in range(90)])
    export_session(rt, "CME_Futures", DAY)
    assert bar_states(rt) == {(State.EXPORTED, None)}

    clock.advance(timedelta(minutes=30))

    assert bar_states(rt) == {(State.STALE, "it was made before the session's close")}
    (ticks,) = read_catalog(rt, Wanted(kind=TICKS), 10).partitions
    assert (ticks.state, ticks.detail) == (State.STALE, "it was taken before the session's close")


def bar_states(rt):
    return {(one.state, one.detail) for one in read_catalog(rt, Wanted(kind=BARS), 10).partitions}


def test_a_day_whose_session_is_not_over_is_running_and_lacks_nothing(rt, clock):
    store_quotes(rt.sessions, quotes(2))
    clock.advance(CLOSE - timedelta(minutes=1) - LATER)
    before = read_catalog(rt, Wanted(), 10)
    clock.advance(timedelta(minutes=2))
    after = read_catalog(rt, Wanted(), 10)

    assert ([one.state for one in before.partitions], before.totals.missing) == ([State.RUNNING], 0)
    assert ([one.state for one in after.partitions], after.totals.missing) == ([State.MISSING], 1)


@pytest.fixture
def many(rt):
    facts = write_ticks(rt.lake, quotes(2))
    with rt.sessions.begin() as session:
        for day in (DAY, NEXT):
            for symbol in SYMBOLS:
                path = f"ticks/date={day}/symbol={symbol}/ticks.parquet"
                record_file(session, TICKS, day, symbol, path, facts, LATER)
        for symbol in SYMBOLS[:4]:
            for timeframe in ("1m", "5m", "1h", "4h"):
                record_file(session, BARS, DAY, symbol, "b", facts, LATER, timeframe)
    store_quotes(rt.sessions, [*quotes(2, symbol="AA"), *quotes(2, symbol="ZZ")])


@pytest.fixture
def clock():
    return FixedClock(LATER)
