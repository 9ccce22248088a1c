"""The simulated market's prices and activity."""

from datetime import date, timedelta

import numpy as np
import pytest

from app.collectors.simulation import MODELS, activity_at, closing_price, session_path
from app.instruments.catalogue import CATALOGUE

WEEKDAYS = [day for i in range(400) if (day := date(2024, 1, 1) + timedelta(days=i)).weekday() < 5]


def daily_moves(symbol: str) -> np.ndarray:
    return np.diff(np.log([closing_price(MODELS[symbol], 5, day) for day in WEEKDAYS]))


def test_every_future_of_the_catalogue_has_a_model() -> None:
    assert set(MODELS) == set(CATALOGUE)


def test_the_cash_session_is_far_busier_than_the_night() -> None:
    day = activity_at(np.arange(8.5, 15, 0.01)).mean()
    night = activity_at(np.arange(18, 24, 0.01)).mean()

    assert day == pytest.approx(1, abs=0.01)
    assert day > 10 * night > 0


def test_activity_peaks_at_the_open_and_the_close_of_the_cash_session() -> None:
    opening, noon, closing = activity_at(np.array([8.51, 12.0, 14.98]))

    assert opening > 2 * noon
    assert closing > 2 * noon


@pytest.mark.parametrize("symbol", MODELS)
def test_daily_moves_are_as_wide_as_the_model_says(symbol: str) -> None:
    moves = daily_moves(symbol)

    assert np.std(moves) == pytest.approx(MODELS[symbol].volatility, rel=0.2)


def test_stock_indexes_move_together_and_the_vix_against_them() -> None:
    spx = daily_moves("ES")

    assert min(np.corrcoef(spx, daily_moves(other))[0, 1] for other in ("NQ", "YM", "RTY")) > 0.7
    assert np.corrcoef(spx, daily_moves("VX"))[0, 1] < -0.6


def test_a_micro_future_has_the_prices_of_its_mini() -> None:
    assert daily_moves("MES") == pytest.approx(daily_moves("ES"))


def test_a_session_leads_from_its_start_to_the_closing_price_of_the_day() -> None:
    model, day = MODELS["ES"], date(2025, 3, 4)
    start = closing_price(model, 5, date(2025, 3, 3))

    path = session_path(model, 5, day, start, np.linspace(0, 1, 1001))

    assert path[0] == pytest.approx(start, rel=0.003)
    assert path[-1] == pytest.approx(closing_price(model, 5, day))
    assert np.abs(np.diff(np.log(path))).max() < 0.005


def test_another_seed_is_another_market() -> None:
    model, day = MODELS["GC"], date(2025, 3, 4)

    assert closing_price(model, 1, day) != closing_price(model, 2, day)


def test_prices_stay_near_their_base_over_the_years() -> None:
    for symbol, model in MODELS.items():
        prices = [closing_price(model, 5, date(year, 6, 2)) for year in range(2000, 2029)]

        assert 0.3 < min(prices) / model.base <= max(prices) / model.base < 3, symbol
