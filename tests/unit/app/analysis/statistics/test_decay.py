import numpy as np
import pandas as pd
import pytest

from app.analysis.statistics.decay import expected_variances


def test_each_return_moves_the_variance_that_is_expected_of_the_next():
    assert expected_variances(np.array([1.0, 0.0]), 0.5) == pytest.approx([0.5, 0.53, 0.4982])


def test_the_variances_are_those_of_pandas():
    returns = np.random.default_rng(4).standard_normal(300)
    oracle = pd.Series(np.append(0.7, returns**2)).ewm(alpha=0.06, adjust=False).mean()

    assert expected_variances(returns, 0.7) == pytest.approx(oracle.to_numpy(), rel=1e-12)


def test_without_returns_there_is_only_the_beginning():
    assert expected_variances(np.empty(0), 2.0).tolist() == [2.0]
