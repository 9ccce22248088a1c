"""Predicting the direction of a symbol's next bar, and testing how well that went before."""

import hashlib
import json
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from app.analysis.bars import Floats
from app.analysis.inputs import SymbolData
from app.analysis.keeping import Keep
from app.analysis.prediction.calibration import calibratable, calibration_line, prequential, reliability
from app.analysis.prediction.features import make_features, scaled_returns
from app.analysis.prediction.gate import base_rates, skill
from app.analysis.prediction.predicted import Forecast, Predicted, Series, read_back, written
from app.analysis.prediction.target import next_moves, outcomes_of, target_after
from app.analysis.prediction.walkforward import Places, walk_forward
from app.analysis.question import Parameters

# Changes whenever the same bars would be predicted otherwise.
VERSION: Final = 1
KIND: Final = "prediction"
LEAST_USABLE: Final = 500
LEAST_SCORED: Final = 200


@dataclass(frozen=True)
class _Sample:
    """Bars with features in order: their places, what they look like, and what came of them."""

    places: Places
    features: Floats
    moves: Floats
    outcomes: Floats


def predict_direction(data: SymbolData, horizon: str, parameters: Parameters, cache: Keep | None = None) -> Predicted:
    """The direction of the bar of length `horizon` after the newest one of the `most_bars` newest.

    An L2-logistic model on eight causal features, walked forward with purge and embargo, calibrated by Platt's line on
    past out-of-sample predictions. No forecast with fewer than 500 bars that have features and an outcome, or 200
    outcomes out of sample, or when the newest bar has no features, or the calendar no bar after it. What was found is
    kept in `cache` under everything that it depends on.
    """
    bars = data.frame(horizon).tail(parameters.most_bars)
    if cache is None or not len(bars):
        return _predict(data, horizon, bars)
    key = _key(data, horizon, bars)
    kept = cache.get(KIND, key)
    if kept is not None:
        try:
            return read_back(kept)
        except (ValueError, LookupError, TypeError):
            # Damaged: computed again, as if it were not there.
            pass
    found = _predict(data, horizon, bars)
    cache.put(KIND, key, written(found))
    return found


def params_hash(parameters: Parameters) -> str:
    """Names the model and the parameters that a prediction depends on beside its data, for the ledger too.

    Costs and sizes decide only what comes of a prediction, not what it says.
    """
    return _hash([VERSION, parameters.most_bars])


def _key(data: SymbolData, horizon: str, bars: pl.DataFrame) -> str:
    # The span says what the number of newest bars does.
    span = [str(bars["t_close"][0]), str(bars["t_close"][-1]), len(bars), str(target_after(data, horizon))]
    told: list[object] = [VERSION, data.data_hash, data.source, data.symbol, horizon, span, repr(data.hours)]
    return _hash(told)


def _hash(told: list[object]) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _predict(data: SymbolData, horizon: str, bars: pl.DataFrame) -> Predicted:
    if not len(bars):
        return _predicted(data, horizon, bars, 0, 0, None, f"there are no bars of {horizon}")
    features, known = make_features(bars)
    moves, same = next_moves(bars, data.hours)
    places = np.flatnonzero(known)
    sample = _Sample(places, features[places], moves[places], outcomes_of(moves[places]))
    usable = int(np.isfinite(sample.outcomes).sum())
    if usable < LEAST_USABLE:
        reason = f"{usable} bars of {horizon} with features and an outcome, {LEAST_USABLE} needed"
        return _predicted(data, horizon, bars, usable, 0, None, reason)
    series, walked = _walk(sample, bars)
    scored = int(np.isfinite(outcomes_of(series.moves)).sum())
    if scored < LEAST_SCORED:
        reason = f"{scored} outcomes out of sample, {LEAST_SCORED} needed"
    elif not (same & np.isfinite(moves)).any():
        reason = "no session has two bars, one after the other"
    elif not known[-1]:
        reason = "the newest bar has no features: within 12 bars a price is missing or below 0, or the contract changed"
    elif target_after(data, horizon) is None:
        reason = "the calendar does not tell when the next bar ends"
    else:
        forecast = _forecast(bars, series, walked, np.where(same, moves, np.nan))
        return _predicted(data, horizon, bars, usable, scored, forecast, "")
    return _predicted(data, horizon, bars, usable, scored, None, reason)


def _predicted(
    data: SymbolData, horizon: str, bars: pl.DataFrame, usable: int, scored: int, forecast: Forecast | None, reason: str
) -> Predicted:
    window, asof = data.basis(horizon).window, data.asof
    if len(bars):
        window = f"{len(bars):,} bars of {horizon}, {bars['session_date'][0]} to {bars['session_date'][-1]}"
        asof = bars["t_close"][-1]
    return Predicted(
        data.symbol, data.source, horizon, asof, target_after(data, horizon), window, data.data_hash, usable, scored,
        forecast, reason,
    )  # fmt: skip


@dataclass(frozen=True)
class _Newest:
    """The newest row's calibrated logit with its error, and the sample of its model."""

    logit: float
    stderr: float
    n_train: int


def _walk(sample: _Sample, bars: pl.DataFrame) -> tuple[Series, _Newest]:
    walked = walk_forward(sample.features, sample.outcomes, sample.places)
    rows = walked.rows
    places = sample.places[rows]
    calibrated = prequential(walked.logits, sample.outcomes[rows], places)
    base = base_rates(sample.outcomes, sample.places)[rows]
    times = bars["t_close"].to_physical().to_numpy()[places]
    raw = float(walked.logits[-1]) if len(rows) else 0.0
    newest = _Newest(float(calibrated.line.at(np.array(raw))), calibrated.line.stderr_at(raw), walked.n_train)
    return Series(times, walked.logits, calibrated.p, base, sample.moves[rows]), newest


def _forecast(bars: pl.DataFrame, series: Series, model: _Newest, own_moves: Floats) -> Forecast:
    outcomes = outcomes_of(series.moves)
    scored = np.isfinite(outcomes)
    p, y = series.p[scored], outcomes[scored]
    logits = np.log(p / (1 - p))
    line = calibration_line(logits, y) if calibratable(logits, y) else None
    price = float(bars["close"][-1])
    volatility = scaled_returns(bars).volatility
    move = float(np.nanmean(np.abs(own_moves)) * volatility[-1] / np.nanmean(volatility)) * price
    return Forecast(
        base_price=price,
        p=float(series.p[-1]),
        logit=model.logit,
        stderr=model.stderr,
        base_rate=float(series.base[-1]),
        move=move,
        n_train=model.n_train,
        skill=skill(p, series.base[scored], y),
        hits=float(np.sum((p > 0.5) == (y > 0.5))),
        line=line,
        bins=reliability(p, y),
        series=series,
    )
