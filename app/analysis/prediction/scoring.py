"""How past predictions did once their outcomes were known."""

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import logit
from scipy.stats import binomtest

from app.analysis.findings import Basis, Finding, Node, Status, Tree
from app.analysis.prediction.calibration import calibratable, calibration_line, reliability
from app.analysis.prediction.degradation import LEAST, degradation, degradation_tree
from app.analysis.prediction.features import Mask
from app.analysis.prediction.gate import LEVEL, skill
from app.analysis.prediction.scored import Scored
from app.analysis.risk.backtesting import kupiec
from app.analysis.series.intervals import LEVEL as INTERVAL
from app.analysis.statistics.means import hac_mean
from app.analysis.statistics.shares import wilson

ROLLING: Final = 100


def score(rows: Scored, basis: Basis) -> Tree:
    """The record of predictions as findings: `all`, the `last_100`, and the `degradation`.

    Of each record `bins` are those of a calibration plot (Broecker and Smith 2007), of equally many predictions, each
    with its mean `p` and the `rate` of rises; none with fewer than 30 outcomes. Any other figure is not given then.
    """
    return {
        "all": _record(rows, basis),
        "last_100": _record(rows.last(ROLLING), basis),
        "degradation": degradation_tree(degradation(rows), basis),
    }


def _record(rows: Scored, basis: Basis) -> Tree:
    bounded = np.isfinite(rows.low) & np.isfinite(rows.high) & np.isfinite(rows.price)
    inside = ((rows.low <= rows.price) & (rows.price <= rows.high))[bounded]
    # The intervals are of all moves: without the prices that stood still fewer would seem to be inside.
    rows = rows.moved()
    n = len(rows.p)
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
        "kupiec": (
            "prices outside the 90 % interval against one in ten, likelihood ratio, chi-square(1) (Kupiec 1995)",
            len(inside), lambda method: _kupiec(inside, basis, method),
        ),
    }  # fmt: skip
    told = {
        name: make(method)
        if count >= LEAST
        else basis.missing(count, method, f"{count} outcomes are known, {LEAST} needed")
        for name, (method, count, make) in makers.items()
    }
    return {**told, "bins": _bins(rows, basis)}


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


def _kupiec(inside: Mask, basis: Basis, method: str) -> Finding:
    n = len(inside)
    found = kupiec(n - int(inside.sum()), n, 1 - INTERVAL)
    rejected = found.p_value < LEVEL
    status: Status = "ok" if rejected else "not_significant"
    label = "rejected" if rejected else "not rejected"
    return basis.found(found.statistic, n, method, status=status, p_value=found.p_value, label=label)


def _bins(rows: Scored, basis: Basis) -> list[Node]:
    if len(rows.p) < LEAST:
        return []
    method = "share of rises where about that was said, Wilson interval"
    return [
        {"p": one.p, "rate": basis.found(one.rate, one.n, method, ci=one.ci)}
        for one in reliability(rows.p, rows.outcomes)
    ]
