"""How past predictions did once their outcomes were known, and whether they have become worse than the base rate."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from scipy.special import logit
from scipy.stats import binomtest, norm

from app.analysis.bars import Floats
from app.analysis.findings import Basis, Finding, Status, Tree
from app.analysis.prediction.calibration import calibratable, calibration_line
from app.analysis.prediction.features import Mask
from app.analysis.prediction.gate import LEVEL, skill
from app.analysis.series.intervals import LEVEL as INTERVAL
from app.analysis.statistics.means import hac_mean
from app.analysis.statistics.shares import wilson

LEAST: Final = 30
ROLLING: Final = 100
WATCHED: Final = 200
# A shift of half a deviation is what the sum is built to find; on predictions no worse than the base rate it passes
# the limit about once in 5,000 outcomes or less (Siegmund 1985).
_ALLOWANCE: Final = 0.25
_LIMIT: Final = 12.0


@dataclass(frozen=True)
class Scored:
    """Predictions with their outcomes in the order of time, shape (rows,) each.

    `outcomes` are 1 for a rise over the base price, 0 for a fall; one whose price did not change is not among them.
    `low` and `high` bound the `price` that came, NaN where no interval was given.
    """

    p: Floats
    base: Floats
    outcomes: Floats
    low: Floats
    high: Floats
    price: Floats

    def last(self, rows: int) -> "Scored":
        """The newest predictions, so many at most."""
        return Scored(*(getattr(self, one.name)[-rows:] for one in fields(self)))


@dataclass(frozen=True)
class Degradation:
    """Whether predictions have become worse than the base rate: by the sum `cusum` over `limit`, or by the last 200.

    `n` counts the predictions that said something else than the base rate. `bss` and `p_value` are those of the last
    200, None with fewer; the p-value is one-sided, for a loss.
    """

    degraded: bool
    n: int
    cusum: float
    limit: float
    bss: float | None
    p_value: float | None


def degradation(rows: Scored) -> Degradation:
    """Whether predictions have become worse than the base rate; never with fewer than 30 that said anything.

    One-sided CUSUM of the standardised gains (Page 1954), or a negative Brier skill over the last 200 with a
    Diebold-Mariano p below 0.05.
    """
    told = rows.p != rows.base
    p, base, outcomes = rows.p[told], rows.base[told], rows.outcomes[told]
    if len(p) < LEAST:
        return Degradation(False, len(p), 0.0, _LIMIT, None, None)
    gains = (base - outcomes) ** 2 - (p - outcomes) ** 2
    cusum = _cusum(gains)
    if len(p) < WATCHED:
        return Degradation(cusum > _LIMIT, len(p), cusum, _LIMIT, None, None)
    latest = skill(p[-WATCHED:], base[-WATCHED:], outcomes[-WATCHED:])
    loss = float(norm.cdf(latest.t))
    worse = latest.bss < 0 and loss < LEVEL
    return Degradation(cusum > _LIMIT or worse, len(p), cusum, _LIMIT, latest.bss, loss)


def _cusum(gains: Floats) -> float:
    scale, found = float(gains.std()), 0.0
    if scale < 1e-15:
        # Every prediction lost, or won, the same.
        return _LIMIT + 1 if gains[0] < 0 else 0.0
    for gain in gains / scale:
        found = max(0.0, found - float(gain) - _ALLOWANCE)
    return found


def score(rows: Scored, basis: Basis) -> Tree:
    """The record of predictions as findings: `all`, the `last_100`, and the `degradation`.

    A figure with fewer than 30 outcomes is not given.
    """
    return {
        "all": _record(rows, basis),
        "last_100": _record(rows.last(ROLLING), basis),
        "degradation": _degradation(degradation(rows), basis),
    }


def _record(rows: Scored, basis: Basis) -> Tree:
    n = len(rows.p)
    bounded = np.isfinite(rows.low) & np.isfinite(rows.high) & np.isfinite(rows.price)
    inside = ((rows.low <= rows.price) & (rows.price <= rows.high))[bounded]
    makers: dict[str, tuple[str, int, Callable[[str], Finding]]] = {
        "brier": ("Brier score, HAC error (Brier 1950)", n, lambda method: _brier(rows, basis, method)),
        "brier_skill": (
            "Brier skill against the base rate, one-sided Diebold-Mariano p (Murphy 1973, Diebold-Mariano 1995)", n,
            lambda method: _brier_skill(rows, basis, method),
        ),
        "log_loss": ("log loss, HAC error (Good 1952)", n, lambda method: _log_loss(rows, basis, method)),
        "slope": ("calibration slope, 1 is right (Cox 1958)", n, lambda method: _line(rows, basis, method, 0)),
        "intercept": ("calibration intercept, 0 is right (Cox 1958)", n, lambda method: _line(rows, basis, method, 1)),
        "hit_rate": ("share of right sides, Wilson interval", n, lambda method: _hit_rate(rows, basis, method)),
        "coverage": (
            "share of prices inside the 90 % interval, Wilson interval, exact binomial p", len(inside),
            lambda method: _coverage(inside, basis, method),
        ),
    }  # fmt: skip
    return {
        name: make(method)
        if count >= LEAST
        else basis.missing(count, method, f"{count} outcomes are known, {LEAST} needed")
        for name, (method, count, make) in makers.items()
    }


def _brier(rows: Scored, basis: Basis, method: str) -> Finding:
    mean, stderr = hac_mean((rows.p - rows.outcomes) ** 2)
    return basis.found(mean, len(rows.p), method, stderr=stderr)


def _brier_skill(rows: Scored, basis: Basis, method: str) -> Finding:
    found = skill(rows.p, rows.base, rows.outcomes)
    status: Status = "ok" if found.p_value < LEVEL else "not_significant"
    return basis.found(found.bss, found.n, method, status=status, p_value=found.p_value)


def _log_loss(rows: Scored, basis: Basis, method: str) -> Finding:
    logits = logit(rows.p)
    mean, stderr = hac_mean(np.logaddexp(0, logits) - rows.outcomes * logits)
    return basis.found(mean, len(rows.p), method, stderr=stderr, unit="nats")


def _line(rows: Scored, basis: Basis, method: str, which: int) -> Finding:
    logits = logit(rows.p)
    if not calibratable(logits, rows.outcomes):
        return basis.missing(len(logits), method, "all predictions, or all outcomes, are the same")
    line = calibration_line(logits, rows.outcomes)
    stderr = float(np.sqrt(line.covariance[which, which]))
    return basis.found((line.slope, line.intercept)[which], line.n, method, stderr=stderr)


def _hit_rate(rows: Scored, basis: Basis, method: str) -> Finding:
    hits = int(np.sum((rows.p > 0.5) == (rows.outcomes > 0.5)))
    return basis.found(hits / len(rows.p), len(rows.p), method, ci=wilson(hits, len(rows.p)))


def _coverage(inside: Mask, basis: Basis, method: str) -> Finding:
    hits, n = int(inside.sum()), len(inside)
    p_value = float(binomtest(hits, n, INTERVAL).pvalue)
    return basis.found(hits / n, n, method, ci=wilson(hits, n), p_value=p_value)


def _degradation(found: Degradation, basis: Basis) -> Tree:
    method = f"one-sided CUSUM of the standardised Brier gains, alarm above {found.limit:g} (Page 1954)"
    if found.n < LEAST:
        reason = f"{found.n} outcomes of predictions other than the base rate are known, {LEAST} needed"
        return {"degraded": False, "cusum": basis.missing(found.n, method, reason)}
    return {
        "degraded": found.degraded,
        "cusum": basis.found(found.cusum, found.n, method),
        "last_200": _latest(found, basis),
    }


def _latest(found: Degradation, basis: Basis) -> Finding:
    method = "Brier skill of the last 200 against the base rate, one-sided Diebold-Mariano p of a loss"
    if found.bss is None:
        return basis.missing(found.n, method, f"{found.n} outcomes are known, {WATCHED} needed")
    return basis.found(found.bss, WATCHED, method, p_value=found.p_value)
