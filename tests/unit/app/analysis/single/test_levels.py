from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.findings import figures, to_plain
from app.analysis.single.levels import find_levels
from tests.nulls.paths import SESSION_MINUTES, garch_returns, prices, symbol_data
from tests.nulls.single import WALL, walled


@pytest.fixture(scope="module")
def market():
    return walk(6)


def test_a_price_that_turns_the_market_is_found_and_passes():
    found = rows(find_levels(walled(3, 0.85), 199, 1))

    best = min(found, key=lambda row: abs(row["level"].value - WALL))
    assert best["level"].value == pytest.approx(WALL, abs=2)
    assert best["level"].status == "ok"
    assert best["pattern_strength"].value == 1 - best["level"].p_value
    assert best["pattern_strength"].value > 0.95
    assert best["bounce_rate"].ci[0] < 0.85 < best["bounce_rate"].ci[1] + 0.1


def test_supports_lie_below_the_last_close_and_resistances_above_the_nearest_first(market):
    found, last = find_levels(market, 199, 1), market.frame("1m")["close"][-1]

    support, resistance = ([row["level"].value for row in found[side]] for side in ("support", "resistance"))
    assert support == sorted(support, reverse=True)
    assert resistance == sorted(resistance)
    assert all(price <= last for price in support)
    assert all(price > last for price in resistance)
    assert len(support) + len(resistance) > 0
    assert max(len(support), len(resistance)) <= 5


def test_the_same_seed_gives_the_same_tree(market):
    assert to_plain(find_levels(market, 199, 1)) == to_plain(find_levels(market, 199, 1))


def test_levels_of_four_sessions_are_listed_and_not_tested():
    found = find_levels(walk(4), 199, 1)

    assert rows(found)
    assert {row["level"].status for row in rows(found)} == {"low_history"}
    assert {row["pattern_strength"].reason for row in rows(found)} == {
        "not tested: 4 sessions of the contract, 5 are needed"
    }
    assert found["together"].status == "insufficient_data"


def test_a_level_with_few_touches_is_not_tested(market):
    few = [row for row in rows(find_levels(market, 199, 1)) if row["level"].n < 10]

    assert few
    assert all(
        row["pattern_strength"].reason == f"not tested: {row['level'].n} resolved touches, 10 are needed" for row in few
    )
    assert all(row["bounce_rate"].value is None for row in few)


def test_only_the_newest_contract_is_looked_at(market):
    bars = market.frame("1m")
    new = pl.int_range(pl.len()) >= SESSION_MINUTES
    cheaper = pl.col("open", "high", "low", "close") - pl.when(new).then(0.0).otherwise(900.0)
    rolled = bars.with_columns(cheaper, segment=new.cast(pl.Int32))

    found = find_levels(replace(market, bars={"1m": rolled}), 199, 1)

    alone = find_levels(replace(market, bars={"1m": bars.tail(5 * SESSION_MINUTES)}), 199, 1)
    assert to_plain(found) == to_plain(alone)


def test_without_volume_the_levels_are_those_of_time(market):
    bars = market.frame("1m")
    busy = bars.with_columns(
        volume=pl.when(pl.col("close") > bars["close"].median()).then(9_000).otherwise(1).cast(pl.Int64)
    )
    unknown = bars.with_columns(volume=pl.lit(None, pl.Int64))

    by_volume, by_time, even = (
        find_levels(replace(market, bars={"1m": frame}), 199, 1) for frame in (busy, unknown, bars)
    )

    assert "time, because the source counts no volume" in rows(by_time)[0]["level"].method
    assert [row["level"].value for row in rows(by_time)] == [row["level"].value for row in rows(even)]
    assert [row["level"].value for row in rows(by_volume)] != [row["level"].value for row in rows(even)]


def test_levels_lie_on_ticks(market):
    found = [row["level"].value / 0.25 for row in rows(find_levels(market, 199, 1))]

    assert found == [round(ticks) for ticks in found]


def test_levels_move_with_the_price_below_zero_too(market):
    lower = market.frame("1m").with_columns(pl.col("open", "high", "low", "close") - 6_000)

    found = find_levels(replace(market, bars={"1m": lower}), 199, 1)

    usual = [row["level"].value - 6_000 for row in rows(find_levels(market, 199, 1))]
    assert [row["level"].value for row in rows(found)] == pytest.approx(usual)


def test_a_symbol_of_which_nothing_is_known_has_levels(market):
    assert rows(find_levels(replace(market, terms=None), 199, 1))


@pytest.mark.parametrize(
    ("bars", "status"), [(0, "insufficient_data"), (1, "insufficient_data"), (300, "degraded_data")]
)
def test_without_a_move_there_are_no_levels(bars, status):
    still = symbol_data(np.full(300, 5_000.0))

    found = find_levels(replace(still, bars={"1m": still.frame("1m").head(bars)}), 199, 1)

    assert rows(found) == []
    assert found["together"].status == status


@pytest.mark.parametrize("bars", [2, 3, 50, SESSION_MINUTES])
def test_a_few_bars_give_a_whole_tree(market, bars):
    found = find_levels(replace(market, bars={"1m": market.frame("1m").tail(bars)}), 199, 1)

    assert list(figures(to_plain(found)))


def walk(sessions):
    return symbol_data(prices(garch_returns(np.random.default_rng(5), sessions, SESSION_MINUTES)))


def rows(levels):
    return [*levels["support"], *levels["resistance"]]
