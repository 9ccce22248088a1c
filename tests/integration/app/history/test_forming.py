import random
from datetime import timedelta

import pytest
from sqlalchemy import delete

from app.history import set_aside
from app.history.bar_range import BarRange
from app.history.bars import stream_sessions
from app.history.forming import Newest
from app.history.timeframes import LENGTHS
from app.lake.layout import TICKS, Lake
from app.lake.models import LakeFile
from app.ticks.models import Tick
from tests.factories import DAY
from tests.lake_days import export_quotes, purge
from tests.sessions import store_day
from tests.ticks import CLOSE, LATER, MARKETS, OPEN, store_quotes, trade

PRICES = ("open", "high", "low", "close")


def test_the_bar_that_runs_holds_what_was_traded_in_it_so_far(sessions, forming):
    ticks = [trade(30, 9, 1), trade(61, 10, 3), trade(70, 12, 4), trade(80, 11, 9), trade(85, 99, 9, trade=False)]
    store_quotes(sessions, ticks)

    found = forming(at=OPEN + timedelta(seconds=90))

    (bar,) = found.bar.to_pylist()
    assert (bar["t_open"], bar["t_close"]) == (OPEN + timedelta(minutes=1), OPEN + timedelta(minutes=2))
    assert [bar[name] for name in PRICES] == [10, 12, 10, 11]
    assert (bar["volume"], bar["tick_count"], bar["source"]) == (8, 4, "REPLAY")
    assert found.through == Newest(ticks[-1].ts, ticks[-1].seq)


@pytest.mark.parametrize("name", LENGTHS)
@pytest.mark.parametrize("seed", range(2))
def test_the_events_with_higher_numbers_make_it_the_closed_bar(sessions, forming, closed, seed, name):
    dice = random.Random(seed)
    ticks = busy_ticks(dice)
    store_quotes(sessions, ticks)
    at = ticks[dice.randrange(300, len(ticks) - 100)].ts + timedelta(microseconds=1)

    found = forming(at=at, timeframe=name)

    (bar,) = found.bar.to_pylist()
    coming = [one for one in ticks if one.seq > found.through.seq and one.ts < bar["t_close"]]
    prices = [bar["open"], bar["high"], bar["low"], bar["close"], *(one.last for one in coming)]
    (whole,) = [one for one in closed(name) if one["t_open"] == bar["t_open"]]
    assert {one["t_open"]: one for one in closed(name, at)}.get(bar["t_open"]) is None
    assert bar["t_open"] < at < bar["t_close"] == whole["t_close"]
    assert [whole[name] for name in PRICES] == [bar["open"], max(prices), min(prices), prices[-1]]
    assert whole["tick_count"] == bar["tick_count"] + len(coming)
    assert whole["volume"] == bar["volume"] + (coming[-1].volume - volume_at(ticks, found.through.seq) if coming else 0)


@pytest.mark.parametrize("place", ["database", "lake"])
def test_nothing_after_the_instant_is_in_it(sessions, lake, forming, place):
    store_day(sessions, lake, [trade(1, 10, 1), trade(70, 11, 2), trade(100, 50, 3), trade(4000, 60, 4)], place)
    at = OPEN + timedelta(seconds=100)

    assert {name: forming(at=at, timeframe=name).bar.column("high").to_pylist() for name in LENGTHS} == {
        name: [11] for name in LENGTHS
    }
    assert forming(at=at).through.ts == OPEN + timedelta(seconds=70)


def test_bar_files_alone_do_not_tell_what_was_known_inside_of_a_bar(sessions, lake, forming):
    store_day(sessions, lake, [trade(1, 10, 1), trade(100, 50, 3)], "both")
    lake.ticks_file(DAY, "ES").unlink()
    with sessions.begin() as session:
        session.execute(delete(Tick))
        session.execute(delete(LakeFile).where(LakeFile.kind == TICKS))

    assert [forming(at=OPEN + timedelta(seconds=90), timeframe=name) for name in LENGTHS] == [None] * len(LENGTHS)


def test_there_is_none_where_nothing_was_traded(sessions, forming):
    store_quotes(sessions, [trade(30, 9, 1), trade(61, 10, 1, trade=False), trade(65, 20, 2, source="SCHWAB")])

    assert forming(at=OPEN + timedelta(seconds=90)) is None
    assert forming(at=OPEN + timedelta(seconds=90), source="SCHWAB").bar.column("open").to_pylist() == [20]
    assert forming(at=OPEN + timedelta(seconds=90), timeframe="5m").bar.column("close").to_pylist() == [9]
    assert forming(at=OPEN + timedelta(seconds=60)) is None
    assert forming(at=CLOSE) is None
    assert forming(at=LATER) is None


def test_there_is_none_where_the_range_does_not_reach(sessions, forming):
    store_quotes(sessions, [trade(61, 10, 3)])
    at = OPEN + timedelta(seconds=90)

    assert forming(at=at, end=at - timedelta(microseconds=1)) is None
    assert forming(at=at, start=OPEN + timedelta(seconds=61)) is None
    assert forming(at=at, start=OPEN + timedelta(seconds=60), end=at) is not None


@pytest.mark.parametrize("is_purged", [False, True])
def test_a_session_with_more_ticks_than_memory_has_the_same(sessions, lake, forming, monkeypatch, is_purged):
    ticks = busy_ticks(random.Random(5))
    store_quotes(sessions, ticks)
    if is_purged:
        export_quotes(sessions, lake, ticks)
        purge(sessions, DAY)
    at = ticks[400].ts
    expected = forming(at=at, timeframe="1h")

    monkeypatch.setattr(set_aside, "MEMORY_ROWS", 100)

    assert forming(at=at, timeframe="1h") == expected
    assert expected.through.seq == max(one.seq for one in ticks if one.ts < at)


def busy_ticks(dice):
    """Trades of one source, some at the same instant."""
    ticks, volume, at_s = [], 0, 0.0
    for seq in range(1, 700):
        at_s += dice.choice([0, 0.001, 5, 20])
        volume += dice.randint(0, 9)
        ticks.append(trade(at_s, dice.randint(-40, 40) / 8, volume, seq=seq))
    return ticks


def volume_at(ticks, seq):
    return next(one.volume for one in ticks if one.seq == seq)


@pytest.fixture
def forming(sessions, lake):
    def ask(at, timeframe="1m", start=OPEN, end=CLOSE, source="REPLAY"):
        wanted = BarRange("ES", timeframe, start, end, at)
        with sessions() as session:
            parts = list(stream_sessions(session, lake, MARKETS, wanted, source=source))
        return next((found for part in parts if (found := part.forming(wanted, source))), None)

    return ask


@pytest.fixture
def closed(sessions, lake):
    def ask(timeframe, at=LATER):
        wanted = BarRange("ES", timeframe, OPEN, CLOSE, at)
        with sessions() as session:
            parts = stream_sessions(session, lake, MARKETS, wanted, source="REPLAY")
            return [bar for part in parts for bar in part.closed(wanted, "REPLAY").to_pylist()]

    return ask


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
