import numpy as np
import pytest

from app.analysis.charts import MOST_POINTS, chart_points
from tests.nulls.paths import symbol_data


@pytest.mark.parametrize(
    ("sessions", "timeframe", "points"), [(0.5, "5m", 138), (1, "15m", 92), (10, "1h", 230), (11, "session", 11)]
)
def test_the_finest_bars_that_fit_into_a_picture_are_taken(sessions, timeframe, points):
    data = symbol_data(np.arange(1.0, 276 * sessions + 1), "5m")

    found = chart_points(data)

    assert (found["timeframe"], len(found["closes"]), len(found["volume"])) == (timeframe, points, points)
    assert found["closes"][-1][1] == 276 * sessions


def test_a_long_range_is_shown_by_its_newest_sessions():
    found = chart_points(symbol_data(np.arange(1.0, 301.0), "session"))

    assert found["timeframe"] == "session"
    assert [price for _, price in found["closes"]] == [float(price) for price in range(61, 301)]
    assert len(found["closes"]) == MOST_POINTS


def test_without_bars_there_are_no_points():
    data = symbol_data(np.ones(1), "session")

    assert chart_points(type(data)(**{**vars(data), "bars": {}}))["closes"] == []


def test_a_point_stands_at_the_close_of_its_bar_and_a_volume_that_is_not_known_is_none():
    data = symbol_data(np.array([5.0, 6.0]), "5m")
    silent = data.bars["5m"].with_columns(volume=None)

    found = chart_points(symbol_data_with(data, silent))

    assert found["closes"] == [["2025-01-05T22:05:00.000000Z", 5.0], ["2025-01-05T22:10:00.000000Z", 6.0]]
    assert found["volume"] == [None, None]


def symbol_data_with(data, bars):
    return type(data)(**{**vars(data), "bars": {**data.bars, "5m": bars}})
