import random
from datetime import timedelta
from decimal import Decimal

import pytest

from app.history import bar_query
from app.history.bar_query import BAR_INPUT, build_bars_of
from app.history.longer_bars import join_bars
from app.history.session_bars import BAR_TABLE
from app.history.ticks import tick_schema
from app.history.timeframes import LENGTHS, stored_timeframe
from app.lake.layout import TIMEFRAMES, Lake
from app.lake.query import connect
from app.market.sessions import Session as Hours
from tests.factories import DAY
from tests.ticks import CLOSE, HOURS, LATER, OPEN, tick_table, trade

LONGER = [name for name in LENGTHS if name not in TIMEFRAMES]
PRICES = ("t_open", "t_close", "source", "open", "high", "low", "close")


@pytest.mark.parametrize("name", LONGER)
@pytest.mark.parametrize("seed", range(3))
def test_longer_bars_are_those_that_are_made_straight_of_ticks(both, name, seed):
    joined, straight = both(wild_ticks(random.Random(seed), 1500, quotes=False), name)

    assert len(straight) > (1 if name == "1d" else 4)
    assert joined == straight


@pytest.mark.parametrize("name", LONGER)
@pytest.mark.parametrize("seed", range(3))
def test_prices_are_those_of_the_ticks_also_where_stored_buckets_had_no_trade(both, name, seed):
    joined, straight = both(wild_ticks(random.Random(seed), 300, quotes=True), name)

    assert [{key: bar[key] for key in PRICES} for bar in joined] == [
        {key: bar[key] for key in PRICES} for bar in straight
    ]


def test_the_volume_of_a_stored_bucket_without_a_trade_counts_in_the_bar_after(join):
    quiet = trade(14 * 60, 99, 30, trade=False)
    bars = join([trade(1, 10, 20), quiet, trade(15 * 60, 11, 35)], "15m")

    assert [(bar["volume"], bar["tick_count"]) for bar in bars] == [(20, 1), (15, 1)]


def test_the_last_bar_closes_with_the_session(join):
    hours = Hours(DAY, OPEN, OPEN + timedelta(hours=19, minutes=15))
    ticks = [trade(19 * 3600 + 60, 10, 1), trade(19 * 3600 + 14 * 60, 11, 2)]

    last = {name: join(ticks, name, hours)[-1] for name in LONGER}

    assert {bar["t_close"] for bar in last.values()} == {hours.close}
    assert {name: bar["t_open"] - OPEN for name, bar in last.items()} == {
        "15m": timedelta(hours=19),
        "30m": timedelta(hours=19),
        "4h": timedelta(hours=16),
        "1d": timedelta(),
    }


def test_a_daily_bar_is_the_session(join):
    (bar,) = join([trade(1, "10.015625", 3), trade(40_000, "-2.5", 5), trade(82_000, "0.000000001", 9)], "1d")

    assert (bar["t_open"], bar["t_close"], bar["session_date"]) == (OPEN, CLOSE, DAY)
    assert [bar[name] for name in ("open", "high", "low", "close")] == [
        Decimal(text) for text in ("10.015625", "10.015625", "-2.5", "0.000000001")
    ]
    assert (bar["volume"], bar["tick_count"]) == (9, 3)


def test_a_bar_whose_parts_tell_no_volume_has_none(join):
    bars = join([trade(60, 10, None), trade(400, 11, None), trade(1000, 12, 7), trade(1300, 13, None)], "15m")

    assert [bar["volume"] for bar in bars] == [None, 2]


def test_no_bars_are_joined_to_none(lake):
    made = join_bars(BAR_TABLE.empty_table(), HOURS, "1d")

    assert (made.num_rows, made.schema.equals(BAR_TABLE)) == (0, True)


def wild_ticks(dice, count, *, quotes):
    """Two sources with gaps, equal times and growing volumes; without `quotes` every tick is a trade."""
    ticks, volumes, at_s = [], {"REPLAY": 0, "SCHWAB": 0}, 0.0
    for seq in range(count):
        at_s += dice.choice([0, 0.001, 20, 90, 200 if quotes else 30, 900 if quotes else 60])
        source = dice.choice(["REPLAY", "SCHWAB"])
        volumes[source] += dice.randint(0, 9)
        is_trade = not quotes or dice.random() < 0.3
        price = Decimal(dice.randint(-400, 400)) / 8
        ticks.append(trade(at_s, price, volumes[source], seq=seq, source=source, trade=is_trade))
    return [tick for tick in ticks if tick.ts < CLOSE]


def made_of(lake, ticks, name, hours=HOURS):
    table = tick_table(ticks).select(list(BAR_INPUT)).cast(tick_schema(BAR_INPUT))
    with connect(lake) as connection:
        return build_bars_of(connection, table, "ES", hours, LATER, [name])[name].cast(BAR_TABLE)


@pytest.fixture
def join(lake):
    def make(ticks, name, hours=HOURS):
        return join_bars(made_of(lake, ticks, stored_timeframe(name), hours), hours, name).to_pylist()

    return make


@pytest.fixture
def both(lake, join, monkeypatch):
    """Bars joined of stored ones, and those that the query makes of the same ticks for the longer bucket."""

    def make(ticks, name):
        joined = join(ticks, name)
        monkeypatch.setattr(bar_query, "TIMEFRAMES", {name: round(LENGTHS[name].total_seconds())})
        return joined, made_of(lake, ticks, name).to_pylist()

    return make


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
