"""How good a line of profits was, and how sure that is."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from app.analysis.bars import Floats
from app.analysis.findings import Basis, Finding
from app.analysis.risk.drawdown import deepest
from app.analysis.risk.value_at_risk import LEVELS, MINIMUM, historical
from app.analysis.statistics.shares import wilson

# A mean over its deviation says nothing of fewer sessions, nor a rate of growth.
MINIMUM_SESSIONS: Final = 60
MINIMUM_TRADES: Final = 30
_EULER: Final = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Shape:
    """What the certainty of a Sharpe ratio hangs on: the ratio per session, how many, skewness, (plain) kurtosis."""

    ratio: float
    n: int
    skew: float
    kurtosis: float

    @classmethod
    def of(cls, returns: Floats) -> "Shape":
        """The shape of at least two returns that are not all the same."""
        ratio = float(returns.mean() / returns.std(ddof=1))
        return cls(ratio, len(returns), float(stats.skew(returns)), float(stats.kurtosis(returns, fisher=False)))

    @property
    def stderr(self) -> float:
        """The standard error of the ratio where returns need not be normal (Mertens 2002)."""
        return math.sqrt(self._spread / (self.n - 1))

    @property
    def _spread(self) -> float:
        return max(1 - self.skew * self.ratio + (self.kurtosis - 1) / 4 * self.ratio**2, 1e-12)


def sharpe(returns: Floats, per_year: float) -> float:
    """Mean over standard deviation (n - 1) of a period's returns, a year (Sharpe 1994); they are not all the same."""
    return float(returns.mean() / returns.std(ddof=1) * math.sqrt(per_year))


def sortino(returns: Floats, per_year: float) -> float | None:
    """Mean over the root mean square of the losses, a year (Sortino, van der Meer 1991); None without a loss."""
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    return float(returns.mean() / downside * math.sqrt(per_year)) if downside > 0 else None


def growth(returns: Floats, per_year: float) -> float:
    """The compound rate of growth a year; -1 once everything is lost."""
    final = float(np.prod(1 + np.maximum(returns, -1.0)))
    return float(final ** (per_year / len(returns)) - 1)


def value_line(returns: Floats) -> Floats:
    """What 1 becomes, from 1 on, shape (returns + 1,); 0 once everything is lost."""
    return np.concatenate(([1.0], np.cumprod(1 + np.maximum(returns, -1.0))))


def probabilistic_sharpe(shape: Shape, benchmark: float = 0.0) -> float:
    """The probability that the true ratio per session is above a benchmark (Bailey, Lopez de Prado 2012)."""
    return float(stats.norm.cdf((shape.ratio - benchmark) / shape.stderr))


def expected_best(trials: int, variance: float) -> float:
    """The best ratio to be expected of so many worthless rules whose ratios have that variance.

    Bailey, Lopez de Prado 2014; one trial expects 0.
    """
    if trials < 2:
        return 0.0
    first, second = stats.norm.ppf(1 - 1 / trials), stats.norm.ppf(1 - 1 / (trials * math.e))
    return float(math.sqrt(variance) * ((1 - _EULER) * first + _EULER * second))


def deflated_sharpe(shape: Shape, trials: int, variance: float) -> float:
    """The probability that the ratio beats the best of so many worthless rules (Bailey, Lopez de Prado 2014).

    `variance` is that of the tried ratios, per session.
    """
    return probabilistic_sharpe(shape, expected_best(trials, variance))


def minimum_track_record(shape: Shape, benchmark: float = 0.0, confidence: float = 0.95) -> float | None:
    """How many sessions of such returns prove a ratio above the benchmark (Bailey, Lopez de Prado 2012).

    None where the ratio is not above it, however many there are.
    """
    if shape.ratio <= benchmark:
        return None
    z = float(stats.norm.ppf(confidence))
    spread = shape.stderr**2 * (shape.n - 1)
    return 1 + spread * (z / (shape.ratio - benchmark)) ** 2


def measure_performance(
    returns: Floats, trades: Floats, per_year: float, basis: Basis, *, trials: int = 1, variance: float = 0.0
) -> dict[str, Finding]:
    """`sharpe sortino growth max_drawdown hit_rate var_95 es_95 var_99 es_99 psr dsr track_record` of sessions.

    `returns` are profits by session as shares of the capital, `trades` the profits of round trips. `trials` rules were
    tried, whose ratios per session had that variance: only who tells them all gets an honest `dsr`.
    """
    n = len(returns)
    found = {"hit_rate": _hit_rate(trades, basis), **_tails(returns, basis)}
    names = ("sharpe", "sortino", "growth", "max_drawdown", "psr", "dsr", "track_record")
    if n < MINIMUM_SESSIONS or np.ptp(returns) == 0:
        short = f"there are {n} sessions, and {MINIMUM_SESSIONS} are needed"
        reason = short if n < MINIMUM_SESSIONS else "every session earned the same"
        return {**{name: basis.missing(n, name.replace("_", " "), reason) for name in names}, **found}
    shape = Shape.of(returns)
    error = shape.stderr * math.sqrt(per_year)
    ratio = sharpe(returns, per_year)
    return {
        "sharpe": basis.found(
            ratio, n, "Sharpe 1994 a year, sessions; standard error by Mertens 2002", stderr=error,
            ci=(ratio - 1.959964 * error, ratio + 1.959964 * error),
        ),
        "sortino": _optional(sortino(returns, per_year), n, "Sortino 1991 a year, sessions", "no session lost", basis),
        "growth": basis.found(growth(returns, per_year), n, "compound growth a year", unit="a year"),
        "max_drawdown": basis.found(deepest(value_line(returns)).depth, n, "deepest fall below a peak of sessions"),
        **_certainty(shape, trials, variance, basis),
        **found,
    }  # fmt: skip


def _certainty(shape: Shape, trials: int, variance: float, basis: Basis) -> dict[str, Finding]:
    needed = minimum_track_record(shape)
    return {
        "psr": basis.found(probabilistic_sharpe(shape), shape.n, "P(true Sharpe > 0), Bailey, Lopez de Prado 2012"),
        "dsr": basis.found(
            deflated_sharpe(shape, trials, variance), shape.n, "deflated Sharpe, Bailey, Lopez de Prado 2014",
            label=f"{trials} tried",
        ),
        "track_record": _optional(
            needed, shape.n, "sessions that prove a Sharpe above 0 at 95 %", "the Sharpe ratio is not above 0", basis
        ),
    }  # fmt: skip


def _optional(value: float | None, n: int, method: str, reason: str, basis: Basis) -> Finding:
    if value is None:
        return basis.missing(n, method, reason, status="not_significant")
    return basis.found(value, n, method)


def _tails(returns: Floats, basis: Basis) -> dict[str, Finding]:
    found: dict[str, Finding] = {}
    for level in LEVELS:
        n, name, method = len(returns), round(100 * level), "historical simulation of sessions"
        if n < MINIMUM[level]:
            absent = basis.missing(n, method, f"there are {n} sessions, and {MINIMUM[level]} are needed")
            found |= {f"var_{name}": absent, f"es_{name}": absent}
            continue
        tail = historical(returns, level)
        found[f"var_{name}"] = basis.found(tail.value_at_risk, n, method)
        found[f"es_{name}"] = basis.found(tail.expected_shortfall, n, f"{method} (Acerbi, Tasche 2002)")
    return found


def _hit_rate(trades: Floats, basis: Basis) -> Finding:
    method, n = "winners among round trips, Wilson 1927 interval", len(trades)
    if n < MINIMUM_TRADES:
        return basis.missing(n, method, f"there are {n} round trips, and {MINIMUM_TRADES} are needed")
    wins = int(np.sum(trades > 0))
    return basis.found(wins / n, n, method, ci=wilson(wins, n))
