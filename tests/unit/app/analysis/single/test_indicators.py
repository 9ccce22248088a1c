import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from app.analysis.findings import figures, to_plain
from app.analysis.single.indicators import INDICATORS, Prices, measure_indicators
from tests.nulls.paths import frame, garch_returns, prices, symbol_data

# Closes of a published worked example of the 14-day RSI, and what it gives (StockCharts' ChartSchool).
EXAMPLE = (
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.6140,
    46.2820, 46.2820, 46.0028,
)  # fmt: skip


def test_the_rsi_of_a_published_example():
    assert newest("rsi_14", EXAMPLE[:15]) == pytest.approx(70.53, abs=0.01)
    assert newest("rsi_14", EXAMPLE) == pytest.approx(66.32, abs=0.01)


def test_moving_averages_equal_a_plain_loop():
    closes = path(300)

    assert newest("sma_20", closes) == pytest.approx(sum(closes[-20:]) / 20)
    assert newest("sma_200", closes) == pytest.approx(sum(closes[-200:]) / 200)
    assert newest("ema_12", closes) == pytest.approx(looped_ema(closes, 12))
    assert newest("ema_26", closes) == pytest.approx(looped_ema(closes, 26))


def test_the_macd_is_the_difference_of_averages():
    closes = path(400)

    assert newest("macd", closes) == pytest.approx(looped_ema(closes, 12) - looped_ema(closes, 26), abs=1e-6)
    assert newest("macd_histogram", closes) == pytest.approx(newest("macd", closes) - newest("macd_signal", closes))


def test_bollinger_bands_are_two_deviations_wide():
    last = np.array(path(60)[-20:])

    assert newest("bollinger_middle", path(60)) == pytest.approx(last.mean())
    assert newest("bollinger_upper", path(60)) == pytest.approx(last.mean() + 2 * last.std())
    assert newest("bollinger_lower", path(60)) == pytest.approx(last.mean() - 2 * last.std())


def test_the_rsi_and_the_atr_smooth_as_wilder_did():
    closes = path(120)
    high, low = [close + 1 for close in closes], [close - 2 for close in closes]
    moves = np.diff(closes)
    ranges = [max(high[i], closes[i - 1]) - min(low[i], closes[i - 1]) for i in range(1, 120)]

    up, down = wilder(np.maximum(moves, 0)), wilder(np.maximum(-moves, 0))
    assert newest("rsi_14", closes) == pytest.approx(100 * up / (up + down))
    assert newest("atr_14", closes, high, low) == pytest.approx(wilder(ranges))


def test_stochastic_cci_and_money_flow_equal_their_formulas():
    closes = path(60)
    high, low = [close + 1 + i % 3 for i, close in enumerate(closes)], [close - 2 for close in closes]
    volume = [100.0 + 7 * (i % 5) for i in range(60)]
    typical = [(h + lo + c) / 3 for h, lo, c in zip(high, low, closes, strict=True)]

    fast = [
        100 * (closes[i] - min(low[i - 13 : i + 1])) / (max(high[i - 13 : i + 1]) - min(low[i - 13 : i + 1]))
        for i in range(55, 60)
    ]
    mean = sum(typical[-14:]) / 14
    spread = sum(abs(price - mean) for price in typical[-14:]) / 14
    flows = [(typical[i] * volume[i], typical[i] - typical[i - 1]) for i in range(46, 60)]
    gained, lost = (sum(flow for flow, move in flows if move * sign > 0) for sign in (1, -1))
    assert newest("stochastic_k", closes, high, low) == pytest.approx(sum(fast[-3:]) / 3)
    assert newest("stochastic_d", closes, high, low) == pytest.approx(
        sum(sum(fast[i : i + 3]) / 3 for i in range(3)) / 3
    )
    assert newest("cci_14", closes, high, low) == pytest.approx((typical[-1] - mean) / (0.015 * spread))
    assert newest("mfi_14", closes, high, low, volume) == pytest.approx(100 * gained / (gained + lost))


def test_balance_volume_adds_and_subtracts():
    found = INDICATORS["obv"].make(Prices(*(np.array([1.0, 2.0, 1.5, 1.5]),) * 3, np.array([10.0, 20.0, 5.0, 7.0])))

    assert found.tolist() == [10.0, 30.0, 25.0, 25.0]


def test_a_steady_rise_trends_as_much_as_can_be():
    closes = [100.0 + i for i in range(300)]

    assert newest("adx_14", closes, [c + 0.5 for c in closes], [c - 0.5 for c in closes]) == pytest.approx(100)
    assert newest("rsi_14", closes) == 100


@pytest.mark.parametrize("name", INDICATORS)
def test_an_indicator_needs_its_bars_and_no_fewer(name):
    indicator = INDICATORS[name]

    short, enough = of_hours(indicator.bars - 1)[name], of_hours(indicator.bars)[name]

    assert short.status == "insufficient_data"
    assert short.reason == f"{indicator.bars - 1} 1h bars, {indicator.bars} are needed"
    assert enough.value is not None
    assert math.isnan(raw(name, indicator.bars - 1)) or name == "obv"


@pytest.mark.parametrize("name", ["rsi_14", "atr_14", "adx_14", "ema_12", "macd"])
def test_what_is_smoothed_has_a_low_history_below_244_bars(name):
    assert of_hours(243)[name].status == "low_history"
    assert of_hours(244)[name].status == "ok"


def test_an_average_over_a_window_has_no_low_history():
    assert of_hours(30)["sma_20"].status == "ok"


def test_where_the_smoothing_began_no_longer_shows_after_244_bars():
    closes = path(600)

    assert newest("rsi_14", closes[-244:]) == pytest.approx(newest("rsi_14", closes), abs=1e-4)
    assert newest("rsi_14", closes[-30:]) != pytest.approx(newest("rsi_14", closes), abs=1e-2)


@pytest.mark.parametrize("uncounted", [1, 100])
def test_a_source_that_does_not_count_every_volume_has_no_indicator_of_it(uncounted):
    data = symbol_data(np.array(path(100)), "1h")
    volume = pl.when(pl.int_range(pl.len()) >= uncounted).then(pl.col("volume"))
    bars = data.frame("1h").with_columns(volume=volume)

    found = measure_indicators(replace(data, bars={"1h": bars}))["1h"]

    assert {found[name].reason for name in ("mfi_14", "obv")} == {"the source does not count the volume of every bar"}
    assert found["rsi_14"].value is not None


def test_a_price_that_stands_still_has_no_oscillator():
    found = measure_indicators(symbol_data(np.full(300, 5_000.0), "1h"))["1h"]

    still = ("rsi_14", "adx_14", "stochastic_k", "stochastic_d", "cci_14", "mfi_14")
    assert {found[name].status for name in still} == {"degraded_data"}
    assert found["sma_20"].value == 5_000.0


def test_a_change_of_contract_does_not_jump():
    closes = np.array(path(300))
    data = symbol_data(closes, "1h")
    old = pl.when(pl.int_range(pl.len()) < 290).then(50.0).otherwise(0.0)
    cheaper = pl.col("open", "high", "low", "close") - old
    rolled = data.frame("1h").with_columns(cheaper, segment=(pl.int_range(pl.len()) >= 290).cast(pl.Int32))

    found, whole = (measure_indicators(replace(data, bars={"1h": bars}))["1h"] for bars in (rolled, data.frame("1h")))

    assert found["sma_20"].value == pytest.approx(whole["sma_20"].value)
    assert found["rsi_14"].value == pytest.approx(whole["rsi_14"].value)


def test_nothing_gives_a_tree_of_reasons():
    data = symbol_data(np.array(path(30)), "1h")

    found = list(figures(to_plain(measure_indicators(replace(data, bars={})))))

    assert len(found) == 3 * len(INDICATORS)
    assert {figure["status"] for _, figure in found} == {"insufficient_data"}


def path(count):
    return prices(garch_returns(np.random.default_rng(9), 1, count), start=5_000.0).tolist()


def newest(name, closes, high=None, low=None, volume=None):
    arrays = [np.array(closes if given is None else given, float) for given in (high, low, closes, volume)]
    return INDICATORS[name].make(Prices(*arrays))[-1]


def raw(name, bars):
    return newest(name, path(bars)) if bars else math.nan


def of_hours(bars):
    data = symbol_data(np.array(path(300)), "1h")
    return measure_indicators(replace(data, bars={"1h": frame(np.array(path(300)), "1h").tail(bars)}))["1h"]


def looped_ema(closes, period):
    value = sum(closes[:period]) / period
    for close in closes[period:]:
        value += 2 / (period + 1) * (close - value)
    return value


def wilder(values):
    smooth = sum(values[:14]) / 14
    for value in values[14:]:
        smooth = (13 * smooth + value) / 14
    return smooth
