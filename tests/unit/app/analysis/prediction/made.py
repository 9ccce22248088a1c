"""Forecasts made up for tests of what is decided on them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from app.analysis.findings import Basis, Finding
from app.analysis.prediction.gate import Skill
from app.analysis.prediction.predicted import Forecast, Predicted, Series
from app.analysis.prediction.scored import Scored

ASOF = datetime(2025, 1, 7, 15, tzinfo=UTC)
_SPANS = {"5m": timedelta(minutes=5), "15m": timedelta(minutes=15), "1h": timedelta(hours=1)}


def skill_of(t: float, n: int = 500) -> Skill:
    """A skill whose HAC t is that."""
    return Skill(n, 0.25 - 0.01 * t, 0.25, 0.04 * t, 0.01 * t, 0.01, t, float(norm.sf(t)))


def forecast_of(*, t: float = 5.0, logit: float = 0.6, stderr: float = 0.1, move: float = 10.0):
    """A forecast of a symbol at 5,000 points."""
    nothing = np.empty(0)
    return Forecast(
        base_price=5_000.0, p=float(expit(logit)), logit=logit, stderr=stderr,
        base_rate=0.52, move=move, n_train=900, skill=skill_of(t), hits=280, line=None,
        bins=(), series=Series(np.empty(0, np.int64), *[nothing] * 4),
    )  # fmt: skip


def predicted_of(symbol: str = "ES", horizon: str = "1h", **told: float) -> Predicted:
    """A prediction with such a forecast."""
    target = ASOF + _SPANS[horizon]
    return Predicted(
        symbol, "EXCEL", horizon, ASOF, target, f"900 bars of {horizon}", "d" * 64, 900, 500, forecast_of(**told)
    )


def interval_of(low: float = 4_990.0, high: float = 5_011.0) -> Finding:
    """The interval of a price."""
    return Basis("900 bars", ASOF).found(high - low, 900, "made up", ci=(low, high), ci_level=0.9)


def unpredicted(symbol: str = "ES", horizon: str = "1h") -> Predicted:
    """A prediction that could not be made."""
    return replace(
        predicted_of(symbol, horizon), usable=30, scored=0, forecast=None, reason="30 bars of 1h, 500 needed"
    )


def scored_of(rows: int, seed: int = 1, slope: float = 1.0, boast: float = 1.0) -> Scored:
    """Predictions with a logit; prices rise with the logit times the slope."""
    dice = np.random.default_rng(seed)
    logits = dice.normal(size=rows)
    outcomes = (dice.random(rows) < expit(slope * logits)).astype(float)
    bounds = (np.full(rows, 4_990.0), np.full(rows, 5_010.0), np.full(rows, 5_000.0))
    return Scored(expit(boast * logits), np.full(rows, 0.5), outcomes, *bounds)
