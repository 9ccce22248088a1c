import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.errors import Unavailable
from app.history import session_scan
from app.history.bar_query import BAR_INPUT, build_bars, build_bars_of
from app.lake.files import publish
from app.lake.layout import TIMEFRAMES, Lake
from app.lake.query import connect
from app.lake.schemas import BAR_FILE, TICK_FILE
from app.market.sessions import Session as Hours
from tests.factories import DAY
from tests.ticks import CLOSE, HOURS, LATER, OPEN, tick_table, trade, write_ticks


def test_a_bar_holds_the_trades_of_its_bucket(make):
    ticks = [trade(0, 10, 5), trade(30, 12, 6), trade(45, 9, 9), trade(59.999, 11, 10), trade(60, 20, 13)]

    first, second = make(ticks)["1m"]

    assert first == {
        "symbol": "ES",
        "source": "REPLAY",
        "session_date": DAY,
        "t_open": OPEN,
        "t_close": OPEN + timedelta(minutes=1),
        "open": 10,
        "high": 12,
        "low": 9,
        "close": 11,
        "volume": 10,
        "tick_count": 4,
    }
    assert prices(second) == (20, 20, 20, 20)
    assert (second["volume"], second["tick_count"]) == (3, 1)


def test_the_first_and_last_of_equal_times_are_told_by_seq(make):
    ticks = [trade(5, price, volume, seq=seq) for seq, price, volume in ((2, 20, 2), (3, 30, 3), (1, 10, 1))]

    (bar,) = make(ticks)["1m"]

    assert prices(bar) == (10, 30, 10, 30)
    assert bar["volume"] == 3


def test_a_file_in_another_order_gives_the_same_bars(lake, make, tmp_path):
    ticks = wild_session(random.Random(5), 500)
    expected = make(ticks)
    random.Random(6).shuffle(ticks)
    shuffled = tmp_path / "lake/ticks/shuffled.parquet"
    pq.write_table(tick_table(ticks), shuffled)

    assert bars_of(lake, shuffled) == expected


def test_exact_prices_stay_exact_below_zero_too(make):
    (bar,) = make([trade(1, "-37.63", 1), trade(2, "0.0065325", 2), trade(3, "110.015625", 3)])["1m"]

    assert prices(bar) == tuple(map(Decimal, ("-37.63", "110.015625", "-37.63", "110.015625")))


def test_longer_bars_are_made_of_the_same_trades(make):
    ticks = [trade(60 * i + 1, 100 + i, 10 * (i + 1)) for i in range(70)]

    bars = make(ticks)

    assert [len(bars[name]) for name in ("1m", "5m", "1h")] == [70, 14, 2]
    assert prices(bars["5m"][0]) == (100, 104, 100, 104)
    assert [bar["volume"] for bar in bars["1h"]] == [600, 100]
    assert [bar["tick_count"] for bar in bars["1h"]] == [60, 10]


def test_only_ticks_of_the_session_count(make):
    ticks = [trade(-1, 1, 1), trade(0, 10, 3), trade(23 * 3600 - 1, 11, 5), trade(23 * 3600, 99, 9)]

    bars = make(ticks)["1m"]

    assert [bar["close"] for bar in bars] == [10, 11]
    assert [bar["volume"] for bar in bars] == [3, 2]


def test_the_last_bar_closes_with_the_session(make):
    hours = Hours(DAY, OPEN, OPEN + timedelta(hours=1, minutes=15))

    bars = make([trade(3700, 10, 1), trade(4499, 11, 2), trade(4500, 12, 3)], hours=hours)["1h"]

    assert [(bar["t_open"], bar["t_close"]) for bar in bars] == [(OPEN + timedelta(hours=1), hours.close)]
    assert bars[0]["close"] == 11


def test_buckets_are_counted_from_the_open(make):
    hours = Hours(DAY, OPEN + timedelta(minutes=30), CLOSE)

    bars = make([trade(1800, 1, 1), trade(5399, 2, 2), trade(5400, 3, 3)], hours=hours)["1h"]

    assert [bar["t_open"] - OPEN for bar in bars] == [timedelta(minutes=30), timedelta(minutes=90)]


def test_a_bar_is_known_only_at_its_close(make):
    ticks = [trade(60 * i, 10, i) for i in range(10)]

    for after_s, known in ((299.999, (4, 0)), (300, (5, 1)), (0, (0, 0))):
        bars = make(ticks, known_until=OPEN + timedelta(seconds=after_s))

        assert (len(bars["1m"]), len(bars["5m"])) == known


def test_a_bucket_without_a_trade_has_no_bar_and_its_volume_falls_to_the_next(make):
    quiet = trade(70, 99, 25, trade=False)
    ticks = [trade(1, 10, 20), quiet, trade(130, 11, 30)]

    bars = make(ticks)["1m"]

    assert [(bar["t_open"], bar["volume"]) for bar in bars] == [(OPEN, 20), (OPEN + timedelta(minutes=2), 10)]
    assert make(ticks)["5m"][0]["tick_count"] == 3


def test_quotes_do_not_move_prices_but_are_counted(make):
    ticks = [trade(1, 10, 1), trade(2, 50, 1, trade=False), trade(3, 11, 2), trade(4, 60, 2, trade=False)]

    (bar,) = make(ticks)["1m"]

    assert prices(bar) == (10, 11, 10, 11)
    assert bar["tick_count"] == 4


def test_sources_have_bars_of_their_own(make):
    ticks = [trade(1, 10, 5), trade(2, 90, 1000, source="EXCEL"), trade(3, 11, 7), trade(61, 91, 1001, source="EXCEL")]

    bars = make(ticks)["1m"]

    assert [(bar["source"], bar["close"], bar["volume"]) for bar in bars] == [
        ("EXCEL", 90, 1000),
        ("REPLAY", 11, 7),
        ("EXCEL", 91, 1),
    ]


def test_a_source_that_flags_no_trade_has_them_inferred(make):
    seen = [(1, 10, 1), (2, 10, 1), (3, 10, 2), (4, 12, 2), (70, 12, 2), (130, 13, 3)]
    ticks = [trade(*known, trade=False, source="EXCEL") for known in seen] + [trade(75, 50, 5)]

    bars = make(ticks)["1m"]

    assert [(bar["source"], *prices(bar), bar["volume"], bar["tick_count"]) for bar in bars] == [
        ("EXCEL", 10, 12, 10, 12, 2, 4),
        ("REPLAY", 50, 50, 50, 50, 2, 1),
        ("EXCEL", 13, 13, 13, 13, 1, 1),
    ]


def test_a_source_without_volume_has_none(make):
    bars = make([trade(1, 10, None), trade(61, 11, None)])["1m"]

    assert [bar["volume"] for bar in bars] == [None, None]


def test_volume_that_is_missing_for_a_while_is_made_up_later(make):
    bars = make([trade(1, 10, 5), trade(61, 11, None), trade(121, 12, 9)])["1m"]

    assert [bar["volume"] for bar in bars] == [5, None, 4]


@pytest.mark.parametrize(
    ("seen", "volumes"),
    [
        ([(0, 44), (61, 50)], [44, 6]),
        ([(59.9, 44), (61, 50)], [44, 6]),
        ([(60, 44), (121, 50)], [2, 6]),
        ([(61, 44), (62, 47), (121, 50)], [5, 3]),
    ],
    ids=["at the open", "within a minute", "a minute late", "later"],
)
def test_the_counter_starts_at_nothing_when_the_feed_was_there_at_the_open(make, seen, volumes):
    bars = make([trade(at_s, 10, volume, last_size=2) for at_s, volume in seen])["1m"]

    assert [bar["volume"] for bar in bars] == volumes


def test_a_late_first_observation_that_is_no_trade_adds_nothing(make):
    bars = make([trade(3600, 10, 500, last_size=9, trade=False), trade(3601, 10, 503)])["1m"]

    assert [bar["volume"] for bar in bars] == [3]


@pytest.mark.parametrize(
    ("seen", "volumes"),
    [
        ([(1, 100), (61, 105), (121, 3), (181, 10)], [100, 5, 3, 7]),
        ([(1, 100), (2, 105), (3, 3), (4, 10)], [115]),
        ([(1, 100), (61, 103), (62, 101), (121, 104)], [100, 3, 1]),
        ([(1, 100), (61, 98), (121, 99), (181, 101)], [100, 0, 0, 1]),
        ([(1, 100), (61, 0), (62, 60), (121, 20), (122, 25)], [100, 60, 25]),
    ],
    ids=["restart", "restart inside a bar", "correction", "correction over bars", "two restarts"],
)
def test_a_counter_that_falls_is_not_counted_twice(make, seen, volumes):
    bars = make([trade(at_s, 10, volume) for at_s, volume in seen])["1m"]

    assert [bar["volume"] for bar in bars] == volumes
    assert make([trade(at_s, 10, volume) for at_s, volume in seen])["1h"][0]["volume"] == sum(volumes)


def test_what_the_counter_shows_from_the_previous_session_does_not_count(make):
    left_over = trade(0, 10, 1_500_000, trade=False)

    bars = make([left_over, trade(5, 10, 12), trade(70, 11, 20)])["1m"]

    assert [bar["volume"] for bar in bars] == [12, 8]


def test_contracts_have_counters_of_their_own(make):
    old, new = {"contract": "ESZ25"}, {"contract": "ESH26"}
    ticks = [
        trade(1, 10, 1000, **old),
        trade(61, 11, 1010, **old),
        trade(70, 12, 300, last_size=4, **new),
        trade(71, 11, 1012, **old),
        trade(130, 12, 306, **new),
    ]

    bars = make(ticks)["1m"]

    assert [bar["volume"] for bar in bars] == [1000, 16, 6]
    assert prices(bars[1]) == (11, 12, 11, 11)


def test_one_source_that_falls_does_not_disturb_another(make):
    falling = [trade(at_s, 10, volume, source="EXCEL") for at_s, volume in ((1, 100), (61, 5))]
    steady = [trade(at_s, 20, volume) for at_s, volume in ((1, 7), (61, 9))]

    bars = make(falling + steady)["1m"]

    assert [(bar["source"], bar["volume"]) for bar in bars] == [
        ("EXCEL", 100),
        ("REPLAY", 7),
        ("EXCEL", 5),
        ("REPLAY", 2),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_bars_are_those_of_a_plain_loop(make, seed):
    ticks = wild_session(random.Random(seed), 2000)

    bars = make(ticks)

    for name, seconds in TIMEFRAMES.items():
        assert bars[name] == plain_bars(ticks, seconds), name


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "flags", [(True, True), (True, False), (False, False)], ids=["flagged", "one silent", "silent"]
)
def test_the_bars_of_a_session_in_small_parts_are_those_of_the_whole(make, monkeypatch, seed, flags):
    ticks = broken_session(random.Random(seed), 600, dict(zip(("REPLAY", "SCHWAB"), flags, strict=True)))
    whole = make(ticks)

    monkeypatch.setattr(session_scan, "PART_ROWS", 20)

    assert whole["1m"]
    assert make(ticks) == whole


@pytest.mark.parametrize("kind", ["late", "two contracts", "corrected", "silent"])
def test_a_session_of_any_size_needs_little_memory(lake, monkeypatch, kind):
    monkeypatch.setattr(session_scan, "PART_ROWS", 10_000)
    path = write_large_session(lake, 400_000, kind)

    with connect(lake, memory_limit_mb=32, threads=1) as connection:
        bars = build_bars(connection, path, "ES", HOURS, LATER, ["1h"])["1h"]

    assert bars.num_rows == 23


def test_a_session_too_large_for_its_memory_is_told_as_such(lake, monkeypatch):
    monkeypatch.setattr(session_scan, "PART_ROWS", 10**9)
    path = write_large_session(lake, 400_000, "silent")

    with (
        pytest.raises(Unavailable, match="the session 2025-10-09 of ES is too large"),
        connect(lake, memory_limit_mb=32, threads=1) as connection,
    ):
        build_bars(connection, path, "ES", HOURS, LATER, ["1h"])


def test_contracts_without_any_volume_have_none(make):
    bars = make([trade(1, 10, None, contract="ESZ25"), trade(61, 11, None, contract="ESH26")])["1m"]

    assert [bar["volume"] for bar in bars] == [None, None]


def test_a_session_without_ticks_has_no_bars_in_the_right_columns(lake):
    write_ticks(lake, [trade(-60, 10, 1)])

    with connect(lake) as connection:
        tables = build_bars(connection, lake.ticks_file(DAY, "ES"), "ES", HOURS, LATER, TIMEFRAMES)

    assert {name: table.num_rows for name, table in tables.items()} == {"1m": 0, "5m": 0, "1h": 0}
    assert all(table.schema.equals(BAR_FILE.columns) for table in tables.values())


def wild_session(dice, count):
    """Two sources with quotes and trades, gaps, equal times, and counters that never fall."""
    ticks, volumes = [], {"REPLAY": 0, "SCHWAB": 0}
    at_s = {"REPLAY": 0.0, "SCHWAB": 0.5}
    for seq in range(count):
        source = dice.choice(["REPLAY", "SCHWAB"])
        at_s[source] += dice.choice([0, 0, 0.001, 1.5, 40, 90]) if volumes[source] else 0
        is_trade = dice.random() < 0.4
        volumes[source] += dice.randint(1, 30) if is_trade else 0
        price = Decimal(dice.randint(-40, 40)) / 8 if is_trade or dice.random() < 0.7 else None
        tick = trade(at_s[source], 0, volumes[source], seq=seq, source=source, trade=is_trade)
        ticks.append(tick._replace(last=price))
    return ticks


def broken_session(dice, count, flags):
    """As `wild_session`, with counters that begin late, fall, are left over and are several; not all flag trades."""
    ticks, volumes, at_s = [], defaultdict(int), dice.choice([0, 0, 90])
    for seq in range(count):
        at_s += dice.choice([0, 0.001, 1.5, 40, 200])
        key = dice.choice(["REPLAY", "SCHWAB"]), dice.choice([None, "ESZ25", "ESH26"])
        volumes[key] = dice.choice([0, volumes[key] // 3, max(0, volumes[key] - 2), *[volumes[key] + seq % 9] * 9])
        volume = volumes[key] if dice.random() < 0.9 else None
        is_trade = flags[key[0]] and dice.random() < 0.5
        price = Decimal(dice.randint(-40, 40)) / 8 if dice.random() < 0.8 else None
        tick = trade(at_s, 0, volume, seq=seq, source=key[0], contract=key[1], trade=is_trade, last_size=seq % 4)
        ticks.append(tick._replace(last=price))
    return ticks


def write_large_session(lake, count, kind):
    """A tick every fraction of a second, of one source, published as the day's file."""
    numbers = np.arange(count)
    times = pa.array(numbers * ((CLOSE - OPEN) // timedelta(microseconds=count)) + int(OPEN.timestamp()) * 10**6)
    volumes = numbers - 5 * (numbers % 1000 == 999) if kind == "corrected" else numbers
    contracts = pa.array(np.where(numbers % 3, "ESZ25", "ESH26" if kind == "two contracts" else "ESZ25"))
    first = tick_table([trade(0, "6710.25", 1)])
    changed = {
        "seq": pa.array(numbers),
        "ts": times.cast(pa.timestamp("us", "UTC")),
        "volume": pa.array(volumes),
        "contract": contracts.dictionary_encode(),
        "trade": pa.repeat(kind != "silent", count),
    }
    known = {name: changed.get(name, pa.repeat(first.column(name)[0], count)) for name in first.column_names}
    table = pa.table([array.cast(first.schema.field(name).type) for name, array in known.items()], schema=first.schema)
    table = table.slice(count // 500 if kind == "late" else 0)
    target = lake.ticks_file(DAY, "ES")
    publish(lake, target, TICK_FILE, table.to_batches(32_768), day=DAY, symbol="ES", taken_at=LATER)
    return target


def plain_bars(ticks, seconds):
    buckets, bars, seen = defaultdict(list), [], defaultdict(int)
    for tick in sorted(ticks, key=lambda tick: (tick.ts, tick.seq)):
        if OPEN <= tick.ts < CLOSE:
            buckets[(tick.ts - OPEN) // timedelta(seconds=seconds), tick.source].append(tick)
    for (slot, source), found in sorted(buckets.items()):
        traded = [tick.last for tick in found if tick.trade]
        if not traded:
            continue
        t_open = OPEN + slot * timedelta(seconds=seconds)
        bars.append(
            {
                "symbol": "ES",
                "source": source,
                "session_date": DAY,
                "t_open": t_open,
                "t_close": min(t_open + timedelta(seconds=seconds), CLOSE),
                "open": traded[0],
                "high": max(traded),
                "low": min(traded),
                "close": traded[-1],
                "volume": found[-1].volume - seen[source],
                "tick_count": len(found),
            }
        )
        seen[source] = found[-1].volume
    return bars


def prices(bar):
    return tuple(bar[name] for name in ("open", "high", "low", "close"))


def bars_of(lake, path, hours=HOURS, known_until=LATER):
    with connect(lake) as connection:
        tables = build_bars(connection, path, "ES", hours, known_until, TIMEFRAMES)
        ticks = pq.ParquetFile(path).read().sort_by([("ts", "ascending"), ("seq", "ascending")])
        of_table = build_bars_of(connection, ticks.select(BAR_INPUT), "ES", hours, known_until, TIMEFRAMES)
    assert of_table == tables, "the bars of a table are not those of the file with the same ticks"
    return {name: table.to_pylist() for name, table in tables.items()}


@pytest.fixture
def make(lake):
    def make_bars(ticks, **options):
        write_ticks(lake, ticks)
        return bars_of(lake, lake.ticks_file(DAY, "ES"), **options)

    return make_bars


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")
