import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from app.analysis.bars import floats, log_returns
from app.analysis.prediction.calibration import platt, prequential
from app.analysis.prediction.features import make_features, scaled_returns
from app.analysis.prediction.gate import base_rates
from app.analysis.prediction.target import next_moves, outcomes_of
from app.analysis.prediction.walkforward import walk_forward
from tests.nulls.leakage import future_changes, with_other_future
from tests.nulls.paths import frame, sessions_of
from tests.nulls.prediction import BARS, latent_momentum

BARS_OF_AN_HOUR = frame(latent_momentum(1, 0.6)[:BARS], "1h")
CUTS = tuple(range(BARS - 20 * 40 - 2, BARS - 2, 40))
STAY = np.array([[0.98, 0.02], [0.02, 0.98]])
SPREADS = np.array([0.5, 2.0])


def features_as_of(bars, cut):
    values, usable = make_features(bars)
    return values[: cut + 1], usable[: cut + 1]


def volatility_as_of(bars, cut):
    return scaled_returns(bars).volatility[: cut + 1]


def predictions_as_of(bars, cut):
    walked, outcomes, places = walked_on(bars)
    p = prequential(walked.logits, outcomes[walked.rows], places[walked.rows]).p
    told = places[walked.rows] <= cut
    return walked.logits[told], p[told], base_rates(outcomes, places)[walked.rows][told]


def z_score_of_the_whole_sample(bars, cut):
    returns = log_returns(bars)[1:]
    return (returns[cut - 1] - returns.mean()) / returns.std()


def smoothed_state(bars, cut):
    forward, backward = passes(bars)
    together = forward[cut] * backward[cut]
    return together[1] / together.sum()


def filtered_state(bars, cut):
    return passes(bars)[0][cut, 1]


def centred_mean(bars, cut):
    return floats(bars, "close")[cut - 3 : cut + 4].mean()


def trailing_mean(bars, cut):
    return floats(bars, "close")[cut - 6 : cut + 1].mean()


def bar_used_when_it_opens(bars, cut):
    return bars.filter(pl.col("t_open") <= bars["t_close"][cut])["close"][-1]


def bar_used_when_it_closed(bars, cut):
    return bars.filter(pl.col("t_close") <= bars["t_close"][cut])["close"][-1]


def calibrated_on_everything(bars, cut):
    walked, outcomes, places = walked_on(bars)
    known = np.isfinite(outcomes[walked.rows])
    line = platt(walked.logits[known], outcomes[walked.rows][known])
    told = places[walked.rows] <= cut
    return expit(line.at(walked.logits[told]))


CANARIES = (
    z_score_of_the_whole_sample, smoothed_state, centred_mean, bar_used_when_it_opens, calibrated_on_everything,
)  # fmt: skip
HONEST = (
    features_as_of, volatility_as_of, predictions_as_of, filtered_state, trailing_mean, bar_used_when_it_closed,
)  # fmt: skip


@pytest.mark.parametrize("as_of", HONEST, ids=lambda function: function.__name__)
def test_what_is_known_at_an_instant_stays_when_the_future_is_another(as_of):
    assert future_changes(as_of, BARS_OF_AN_HOUR, CUTS) == []


@pytest.mark.parametrize("as_of", CANARIES, ids=lambda function: function.__name__)
def test_a_look_ahead_is_caught(as_of):
    assert len(future_changes(as_of, BARS_OF_AN_HOUR, CUTS)) >= 15


def test_the_other_future_begins_after_the_cut():
    changed = with_other_future(BARS_OF_AN_HOUR, 700)

    assert changed[:701].equals(BARS_OF_AN_HOUR[:701])
    assert not np.any(floats(changed, "close")[701:] == floats(BARS_OF_AN_HOUR, "close")[701:])
    assert np.std(log_returns(changed)[701:]) == pytest.approx(3 * np.std(log_returns(BARS_OF_AN_HOUR)[701:]))


def walked_on(bars):
    features, known = make_features(bars)
    places = np.flatnonzero(known)
    outcomes = outcomes_of(next_moves(bars, sessions_of(bars))[0])[places]
    return walk_forward(features[places], outcomes, places), outcomes, places


def passes(bars):
    """Scaled forward and backward passes of a model of two states with known parameters."""
    returns = np.nan_to_num(log_returns(bars)) / 0.001
    likely = np.exp(-0.5 * (returns[:, None] / SPREADS) ** 2) / SPREADS + 1e-300
    forward, backward = np.empty_like(likely), np.ones_like(likely)
    state = np.full(2, 0.5)
    for place, one in enumerate(likely):
        state = (state @ STAY) * one
        state /= state.sum()
        forward[place] = state
    for place in range(len(likely) - 2, -1, -1):
        back = STAY @ (likely[place + 1] * backward[place + 1])
        backward[place] = back / back.sum()
    return forward, backward
