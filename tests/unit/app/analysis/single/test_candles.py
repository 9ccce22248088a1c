from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.single.candles import PATTERNS, count_candles, signs
from tests.nulls.paths import frame, garch_returns, prices, symbol_data


def test_there_are_61_patterns():
    assert len(PATTERNS) == len(set(PATTERNS)) == 61


def test_a_bullish_and_a_bearish_engulfing_are_told_apart():
    bars = calm()
    bullish = shaped(bars, 40, opened=(100.0, 97.0), close=(98.0, 101.0))
    bearish = shaped(bars, 40, opened=(98.0, 101.0), close=(100.0, 97.0))

    assert signs(bullish)["CDLENGULFING"][41] == 1
    assert signs(bearish)["CDLENGULFING"][41] == -1


def test_the_totals_are_the_sums_of_the_patterns():
    found = count_candles(symbol_data(walk(200), "1h"))["1h"]

    assert found["bullish"].value == sum(row["bullish"] for row in found["patterns"]) > 0
    assert found["bearish"].value == sum(row["bearish"] for row in found["patterns"]) > 0
    assert found["bullish"].n == 200


def test_counts_are_given_no_odds():
    found = count_candles(symbol_data(walk(200), "1h"))["1h"]["bullish"]

    assert found.p_value is None
    assert found.reason.startswith("counts only")


def test_the_patterns_of_the_newest_bar_are_named():
    data = symbol_data(walk(200), "1h")
    bars = shaped(calm(), 78, opened=(100.0, 97.0), close=(98.0, 101.0))

    found = count_candles(replace(data, bars={"1h": bars}))["1h"]

    assert "CDLENGULFING bullish" in found["latest"]


def test_no_pattern_goes_over_a_change_of_contract():
    bars = shaped(calm(), 40, opened=(100.0, 97.0), close=(98.0, 101.0))
    rolled = bars.with_columns(segment=(pl.int_range(pl.len()) >= 41).cast(pl.Int32))

    whole, parted = (count(frame)["patterns"] for frame in (bars, rolled))

    assert any(row["pattern"] == "CDLENGULFING" for row in whole)
    assert not any(row["pattern"] == "CDLENGULFING" for row in parted)


@pytest.mark.parametrize(("bars", "counted"), [(0, False), (29, False), (30, True)])
def test_a_contract_needs_30_bars(bars, counted):
    found = count(frame(walk(40), "1h").head(bars))

    assert (found["bullish"].value is not None) is counted
    assert (found["bearish"].status == "ok") is counted


def walk(bars):
    return prices(garch_returns(np.random.default_rng(3), 1, bars), start=100.0, tick=0.01)


def calm():
    """Small candles that fall slowly."""
    closes = 100 - 0.01 * np.arange(80)
    return frame(closes, "1h").with_columns(high=pl.col("open") + 0.2, low=pl.col("close") - 0.2)


def shaped(bars, place, *, opened, close):
    """The same with two bars of given bodies."""
    rows = {name: bars[name].to_numpy().copy() for name in ("open", "high", "low", "close")}
    for step in (0, 1):
        rows["open"][place + step], rows["close"][place + step] = opened[step], close[step]
        rows["high"][place + step] = max(opened[step], close[step]) + 0.1
        rows["low"][place + step] = min(opened[step], close[step]) - 0.1
    return bars.with_columns(**{name: pl.Series(values) for name, values in rows.items()})


def count(bars):
    return count_candles(replace(symbol_data(walk(40), "1h"), bars={"1h": bars}))["1h"]
