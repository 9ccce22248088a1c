import numpy as np
import pandas as pd
import polars as pl
import pytest

from app.analysis.bars import log_returns
from app.analysis.prediction.features import LONGEST, NAMES, WARM_UP, make_features, scaled_returns
from tests.nulls.paths import frame, garch_returns, prices


def test_the_volatility_is_the_exponentially_weighted_one():
    bars = hourly(100)
    squares = pd.Series(log_returns(bars)[1:] ** 2)

    found = scaled_returns(bars).volatility

    assert found[1:] == pytest.approx(np.sqrt(squares.ewm(alpha=0.06, adjust=True).mean().to_numpy()), rel=1e-12)
    assert np.isnan(found[0])


def test_the_returns_are_scaled_by_the_volatility_before_them():
    bars = hourly(60)
    scaled = scaled_returns(bars)

    features, _ = make_features(bars)

    unit = np.clip(scaled.returns[1:] / scaled.volatility[:-1], -5, 5)
    assert features[40, 0] == pytest.approx(unit[39])
    assert features[40, 1] == pytest.approx(unit[38])
    assert features[40, 2] == pytest.approx(unit[37:40].sum() / np.sqrt(3))
    assert features[40, 3] == pytest.approx(unit[28:40].sum() / np.sqrt(12))


def test_a_close_at_the_top_of_the_range_is_one_and_at_the_bottom_minus_one():
    rising, falling = (frame(5_000 * np.exp(np.arange(60) * step), "1h") for step in (0.001, -0.001))

    tops, bottoms = make_features(rising)[0][:, 6], make_features(falling)[0][:, 6]

    assert tops[-1] == pytest.approx(1.0)
    assert bottoms[-1] == pytest.approx(-1.0)


def test_a_busier_bar_counts_in_the_direction_of_its_return():
    bars = hourly(60)
    busy = bars.with_columns(volume=pl.when(pl.int_range(pl.len()) == 59).then(400).otherwise(pl.col("volume")))

    features, _ = make_features(busy)

    expected = np.sign(log_returns(bars)[-1]) * (np.log1p(400) - np.log1p(100))
    assert features[-1, 7] == pytest.approx(expected)


def test_the_first_bars_are_not_usable():
    _, usable = make_features(hourly(60))

    assert list(np.flatnonzero(usable)) == list(range(WARM_UP + 1, 60))


def test_after_a_change_of_the_contract_no_window_reaches_over_it():
    segment = np.repeat(np.array([0, 1], np.int32), 50)
    closes = np.concatenate((walk(100)[:50], walk(100)[50:] * 1.05))

    _, usable = make_features(frame(closes, "1h", segment=segment))

    assert list(np.flatnonzero(~usable)) == [*range(WARM_UP + 1), *range(50, 50 + LONGEST)]


def test_the_gap_of_a_change_of_the_contract_changes_nothing():
    segment = np.repeat(np.array([0, 1], np.int32), 50)
    closes = walk(100)
    lifted = np.concatenate((closes[:50], closes[50:] * 1.5))

    smooth, gapped = (make_features(frame(one, "1h", segment=segment))[0] for one in (closes, lifted))

    assert gapped == pytest.approx(smooth, abs=1e-9, nan_ok=True)


def test_turned_over_prices_turn_every_feature_but_the_volatility():
    closes = walk(300)
    signs = np.array([-1, -1, -1, -1, -1, 1, -1, -1])

    plain, turned = (make_features(frame(one, "1h"))[0] for one in (closes, 1 / closes))

    assert turned == pytest.approx(plain * signs, abs=1e-9, nan_ok=True)


def test_a_source_without_volume_has_no_surprise():
    bars = hourly(60).with_columns(volume=pl.lit(None, pl.Int64))

    features, usable = make_features(bars)

    assert usable[-1]
    assert set(features[usable, 7]) == {0.0}


@pytest.mark.parametrize("closes", [np.full(100, 5_000.0), np.linspace(-10, -5, 100), np.empty(0), np.ones(1)])
def test_without_returns_nothing_is_usable(closes):
    features, usable = make_features(frame(closes, "1h") if len(closes) else hourly(1)[:0])

    assert features.shape == (len(closes), len(NAMES))
    assert not usable.any()


def test_a_negative_price_costs_only_the_bars_around_it():
    closes = walk(120)
    closes[60] = -3.0

    _, usable = make_features(frame(closes, "1h"))

    assert not usable[60 : 61 + LONGEST].any()
    assert usable[61 + LONGEST :].all()


def hourly(count):
    return frame(walk(count), "1h")


def walk(count):
    return prices(garch_returns(np.random.default_rng(5), 14, 23)[:count], tick=None)
