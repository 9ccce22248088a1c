from dataclasses import replace

import numpy as np
import pytest

from app.analysis.prediction.calibration import Bin, Line
from app.analysis.prediction.predicted import Series, read_back, written
from tests.unit.app.analysis.prediction.made import predicted_of, unpredicted


def test_a_prediction_is_read_back_as_it_was():
    series = Series(
        np.array([1, 2]),
        np.array([-2.2, -0.7]),
        np.array([0.1, 1 / 3]),
        np.array([0.5, 0.52]),
        np.array([1e-4, np.nan]),
    )
    line = Line(0.9, 0.01, np.array([[0.02, 0.001], [0.001, 0.003]]), 500)
    made = predicted_of()
    full = replace(made.forecast, series=series, line=line, bins=(Bin(0.4, 0.38, (0.3, 0.45), 50),))

    found = read_back(written(replace(made, forecast=full)))

    assert replace(found, forecast=None) == replace(made, forecast=None)
    assert replace(found.forecast, series=None, line=None) == replace(full, series=None, line=None)
    assert np.array_equal(found.forecast.series.moves, series.moves, equal_nan=True)
    assert found.forecast.series.times.dtype == np.int64
    assert np.array_equal(found.forecast.line.covariance, line.covariance)


def test_a_prediction_that_could_not_be_made_is_read_back_too():
    assert read_back(written(unpredicted())) == unpredicted()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b'"x"',
        b'{"forecast": null, "asof": "never"}',
        b'{"forecast": null, "asof": "2025-01-07T15:00:00Z"}',
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises((ValueError, LookupError, TypeError)):
        read_back(text)
