import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.export.bars import BarRun, generate_bars
from app.history import set_aside, tick_bars
from app.history.bar_range import BarRange
from app.history.bars import bar_sources, last_session, read_bars
from app.history.session_bars import BAR_TABLE
from app.history.timeframes import LENGTHS
from app.lake.files import publish
from app.lake.layout import TIMEFRAMES, Lake
from app.lake.schemas import BAR_FILE
from tests.factories import DAY
from tests.lake_days import export_quotes, purge
from tests.ticks import CLOSE, LATER, MARKETS, OPEN, bar_table, store_quotes, trade

NEXT = DAY + timedelta(days=1)
NEXT_HOURS = MARKETS.default.session(NEXT)


@pytest.mark.parametrize("seed", range(3))
def test_bars_are_the_same_wherever_the_ticks_are(sessions, lake, read, seed):
    ticks = wild_day(random.Random(seed))
    store_quotes(sessions, ticks)
    stored = {name: read(timeframe=name) for name in LENGTHS}
    export_quotes(sessions, lake, ticks)
    exported = {name: read(timeframe=name) for name in LENGTHS}
    generate_bars(sessions, lake, MARKETS, DAY, LATER)
    from_files = {name: read(timeframe=name) for name in LENGTHS}
    purge(sessions, DAY)
    purged = {name: read(timeframe=name) for name in LENGTHS}
    for name in TIMEFRAMES:
        lake.bars_file(DAY, "ES", name).unlink()
    with sessions.begin() as session:
        session.execute(text("DELETE FROM lake_files WHERE kind = 'bars'"))
    without_bar_files = {name: read(timeframe=name) for name in LENGTHS}

    assert all(stored[name].num_rows for name in LENGTHS)
    for other in (exported, from_files, purged, without_bar_files):
        assert {name: other[name].equals(stored[name]) for name in LENGTHS} == dict.fromkeys(LENGTHS, True)


@pytest.mark.parametrize("is_purged", [False, True])
def test_a_session_with_more_ticks_than_memory_has_the_same_bars(sessions, lake, read, monkeypatch, is_purged):
    ticks = wild_day(random.Random(7))
    store_quotes(sessions, ticks)
    if is_purged:
        export_quotes(sessions, lake, ticks)
        purge(sessions, DAY)
    asked = [{"timeframe": name, "source": source} for name in LENGTHS for source in (None, "REPLAY", "SCHWAB")]
    expected = [read(**question) for question in asked]

    monkeypatch.setattr(set_aside, "MEMORY_ROWS", 100)
    monkeypatch.setattr(tick_bars, "build_bars_of", None)

    assert [read(**question).equals(table) for question, table in zip(asked, expected, strict=True)] == [True] * len(
        asked
    )
    assert list(lake.staging.iterdir()) == []


def test_the_running_session_has_bars_of_the_ticks_so_far(sessions, read):
    store_quotes(sessions, [trade(60 * i, 10 + i, i) for i in range(5)])

    table = read(known_until=OPEN + timedelta(minutes=3))

    assert table.schema.equals(BAR_TABLE)
    assert table.column("close").to_pylist() == [10, 11, 12]


def test_what_comes_after_the_present_changes_nothing_that_was_known(sessions, lake, read):
    quiet = [trade(60 * i, 10 + i, None, trade=False) for i in range(5)]
    store_quotes(sessions, quiet)
    at = OPEN + timedelta(minutes=5)
    before = read(known_until=at)

    # A single flagged trade would mean that the unflagged ticks before were none.
    everything = [*quiet, trade(600, 50, None)]
    store_quotes(sessions, everything[-1:])
    export_quotes(sessions, lake, everything)
    generate_bars(sessions, lake, MARKETS, DAY, LATER)

    assert before.num_rows == 5
    assert read(known_until=at).equals(before)
    assert read().column("close").to_pylist() == [50]


def test_a_late_tick_is_in_the_bars_before_the_day_is_exported_again(sessions, lake, read):
    early = [trade(0, 10, 1), trade(60, 11, 2)]
    store_quotes(sessions, early)
    export_quotes(sessions, lake, early)
    generate_bars(sessions, lake, MARKETS, DAY, LATER)
    before = read().column("high").to_pylist()

    store_quotes(sessions, [trade(30, 99, 1)])

    assert (before, read().column("high").to_pylist()) == ([10, 11], [99, 11])


def test_a_tick_that_is_late_for_a_purged_day_is_in_its_bars(sessions, lake, read):
    early = [trade(0, 10, 1), trade(60, 11, 2)]
    export_quotes(sessions, lake, early)
    generate_bars(sessions, lake, MARKETS, DAY, LATER)
    purge(sessions, DAY)

    store_quotes(sessions, [trade(30, 99, 1)])

    assert read().column("high").to_pylist() == [99, 11]


def test_bars_made_before_the_close_are_not_taken_for_all(sessions, lake, read):
    early = [trade(0, 10, 1), trade(60, 11, 2)]
    noon = OPEN + timedelta(minutes=1)
    store_quotes(sessions, early)
    export_quotes(sessions, lake, early, taken_at=noon)
    run = BarRun(sessions, lake, MARKETS, DAY, noon)
    list(run.generate(run.files()))

    assert read().column("close").to_pylist() == [10, 11]


def test_sources_are_not_those_of_a_file_that_is_not_complete(sessions, lake, sources):
    early = [trade(0, 10, 1)]
    store_quotes(sessions, [*early, trade(60, 11, 2), trade(3600, 12, 1, source="SCHWAB")])
    export_quotes(sessions, lake, early, taken_at=OPEN + timedelta(minutes=1))
    run = BarRun(sessions, lake, MARKETS, DAY, OPEN + timedelta(minutes=1))
    list(run.generate(run.files()))

    assert sources() == ["REPLAY", "SCHWAB"]
    assert sources(start=OPEN + timedelta(minutes=1), end=OPEN + timedelta(minutes=2)) == ["REPLAY"]
    assert sources(start=OPEN + timedelta(minutes=2), end=OPEN + timedelta(minutes=3)) == []


@pytest.mark.parametrize("is_purged", [False, True])
def test_a_source_that_came_after_the_bars_were_made_is_one_of_the_sources(sessions, lake, read, sources, is_purged):
    ticks = [trade(0, 10, 1), trade(60, 11, 2)]
    store_quotes(sessions, ticks)
    export_quotes(sessions, lake, ticks)
    generate_bars(sessions, lake, MARKETS, DAY, LATER)
    before = sources()
    if is_purged:
        purge(sessions, DAY)

    store_quotes(sessions, [trade(0, 20, 1, source="SCHWAB")])

    assert (before, sources()) == (["REPLAY"], ["REPLAY", "SCHWAB"])
    assert read(source="SCHWAB").column("close").to_pylist() == [20]


@pytest.mark.parametrize("source", [None, "REPLAY", "SCHWAB"])
def test_a_file_that_is_not_complete_is_not_opened(sessions, lake, read, sources, source):
    ticks = [trade(0, 10, 1), trade(60, 11, 2)]
    store_quotes(sessions, ticks)
    export_quotes(sessions, lake, ticks[:1])
    generate_bars(sessions, lake, MARKETS, DAY, LATER)
    lake.bars_file(DAY, "ES", "1m").write_bytes(b"damaged")

    assert sources() == ["REPLAY"]
    assert read(source=source).num_rows == (0 if source == "SCHWAB" else 2)


def test_files_are_enough_where_no_tick_is_left(lake, read):
    write_bars(lake, [trade(0, 1, 1), trade(0, 2, 1)])

    assert read().column("close").to_pylist() == [1, 2]


def test_a_range_takes_the_days_in_order_and_only_what_it_asks_for(sessions, lake, read):
    write_bars(lake, [trade(0, i, 1) for i in range(4)])
    store_quotes(sessions, [next_day(60 * i, 100 + i) for i in range(4)])

    inside = read(start=OPEN + timedelta(minutes=2), end=NEXT_HOURS.open + timedelta(minutes=2))

    assert inside.column("close").to_pylist() == [2, 3, 100, 101]
    assert read(end=LATER, limit=5).column("close").to_pylist() == [0, 1, 2, 3, 100]
    assert read(start=CLOSE, end=CLOSE + timedelta(minutes=1)).num_rows == 0


def test_sources_are_those_of_files_and_of_ticks(sessions, lake, sources):
    write_bars(lake, [trade(0, 1, 1, source="SCHWAB")])
    store_quotes(sessions, [next_day(60, 1, source="EXCEL"), next_day(-60, 1, source="SIMULATED")])

    assert sources(end=LATER) == ["EXCEL", "SCHWAB"]
    assert sources() == ["SCHWAB"]
    assert sources(end=LATER, known_until=CLOSE) == ["SCHWAB"]


def test_a_source_whose_first_tick_comes_after_the_end_has_the_bar_that_opened_before_it(sessions, read, sources):
    store_quotes(sessions, [trade(7200, 1, 1)])
    first_hour = {"timeframe": "1d", "end": OPEN + timedelta(hours=1)}

    assert (sources(**first_hour), read(**first_hour).num_rows) == (["REPLAY"], 1)
    assert (sources(timeframe="1d", start=OPEN + timedelta(seconds=1)), sources(start=OPEN + timedelta(hours=3))) == (
        [],
        [],
    )


def test_the_last_session_is_the_newest_with_a_bar_of_the_symbol(sessions, lake, last):
    store_quotes(sessions, [next_day(60, 1), next_day(60, 1, symbol="NQ")])
    write_bars(lake, [trade(0, 1, 1)])

    assert [last("ES", LATER), last("NQ", LATER), last("YM", LATER)] == [NEXT, NEXT, None]
    assert [last("ES", CLOSE), last("NQ", CLOSE)] == [DAY, None]


def test_a_session_of_which_no_bar_has_closed_is_not_yet_the_last(sessions, lake, last):
    store_quotes(sessions, [trade(0, 1, 1), next_day(30, 1), next_day(30, 1, symbol="NQ")])
    opened = NEXT_HOURS.open

    assert last("ES", opened + timedelta(seconds=59)) == DAY
    assert last("ES", opened + timedelta(seconds=60)) == NEXT
    assert last("ES", opened + timedelta(seconds=299), "5m") == DAY
    assert last("ES", opened + timedelta(seconds=300), "5m") == NEXT


def test_a_tick_in_the_bar_that_is_open_makes_no_last_session(sessions, lake, last):
    store_quotes(sessions, [trade(0, 1, 1), next_day(70, 1)])

    assert last("ES", NEXT_HOURS.open + timedelta(seconds=90)) == DAY
    assert last("ES", NEXT_HOURS.open + timedelta(seconds=120)) == NEXT


def test_without_any_bar_the_last_session_is_the_newest_with_a_tick(sessions, lake, last):
    store_quotes(sessions, [next_day(30, 1)])

    assert last("ES", NEXT_HOURS.open + timedelta(seconds=30)) is None
    assert last("ES", NEXT_HOURS.open + timedelta(seconds=31)) == NEXT


@pytest.fixture
def last(sessions, lake):
    """The day of the last session, asked at an instant."""

    def ask(symbol, now, timeframe="1m"):
        with sessions() as session:
            found = last_session(session, lake, MARKETS, symbol, timeframe, now)
        return found.day if found else None

    return ask


def wild_day(dice):
    """Two sources, one of which flags no trade, with gaps and counters that start again."""
    ticks, volumes, at_s = [], {"REPLAY": 0, "SCHWAB": 0}, 0.0
    for seq in range(600):
        at_s += dice.choice([0, 0.001, 1.5, 40, 200])
        source = dice.choice(["REPLAY", "SCHWAB"])
        volumes[source] = 0 if dice.random() < 0.01 else volumes[source] + dice.randint(0, 9)
        is_trade = source == "REPLAY" and dice.random() < 0.5
        price = dice.randint(-40, 40) / 8
        ticks.append(trade(at_s, price, volumes[source], seq=seq, source=source, trade=is_trade))
    return ticks


def next_day(at_s, price, **parts):
    ts = NEXT_HOURS.open + timedelta(seconds=at_s)
    return trade(at_s, price, 1, **({"ts": ts, "session_date": NEXT} | parts))


def write_bars(lake, quotes):
    target = lake.bars_file(DAY, "ES", "1m")
    publish(lake, target, BAR_FILE, bar_table(quotes).to_batches(), day=DAY, symbol="ES", taken_at=LATER)


def bar_range(**parts):
    known = {"symbol": "ES", "timeframe": "1m", "start": OPEN, "end": CLOSE, "known_until": LATER}
    return BarRange(**(known | parts))


@pytest.fixture
def read(sessions, lake):
    def read_in_one_transaction(limit=None, source=None, **parts):
        with sessions() as session:
            return read_bars(session, lake, MARKETS, bar_range(**parts), source=source, limit=limit)

    return read_in_one_transaction


@pytest.fixture
def sources(sessions, lake):
    def ask(**parts):
        with sessions() as session:
            return bar_sources(session, lake, MARKETS, bar_range(**parts))

    return ask


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
