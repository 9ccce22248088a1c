"""Whether predictions have become worse than the base rate, and whether they have come back from that."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from app.analysis.bars import Floats
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.prediction.gate import LEVEL, skill
from app.analysis.prediction.scored import Scored

LEAST: Final = 30
WATCHED: Final = 200
# A shift of half a deviation is what the sum is built to find; on predictions no worse than the base rate it reaches
# the limit about once in 5,000 outcomes or less (Siegmund 1985).
_ALLOWANCE: Final = 0.25
_LIMIT: Final = 12.0


@dataclass(frozen=True)
class Degradation:
    """Whether predictions are worse than the base rate: by an alarm of the sum `cusum`, or by the last 200.

    `alarm` goes on when the sum reaches `limit`, where it stops, and off when it is back at 0. `n` counts the
    predictions that said something else than the base rate. `bss` and `p_value` are those of the last 200, None with
    fewer; the p-value is one-sided, for a loss.
    """

    degraded: bool
    n: int
    cusum: float
    limit: float
    bss: float | None
    p_value: float | None
    alarm: bool = False


def degradation(rows: Scored) -> Degradation:
    """Whether predictions are worse than the base rate; never with fewer than 30 that said anything.

    One-sided CUSUM of the standardised gains (Page 1954), or a negative Brier skill over the last 200 with a
    Diebold-Mariano p below 0.05. The sum goes no further than its limit, so that predictions which have recovered come
    back however bad they had been: no better than the base rate, within some 50 that say anything; better, sooner.
    """
    told = (rows.p != rows.base) & np.isfinite(rows.outcomes)
    p, base, outcomes = rows.p[told], rows.base[told], rows.outcomes[told]
    if len(p) < LEAST:
        return Degradation(False, len(p), 0.0, _LIMIT, None, None)
    cusum, alarm = _cusum((base - outcomes) ** 2 - (p - outcomes) ** 2)
    if len(p) < WATCHED:
        return Degradation(alarm, len(p), cusum, _LIMIT, None, None, alarm)
    latest = skill(p[-WATCHED:], base[-WATCHED:], outcomes[-WATCHED:])
    loss = float(norm.cdf(latest.t))
    worse = latest.bss < 0 and loss < LEVEL
    return Degradation(alarm or worse, len(p), cusum, _LIMIT, latest.bss, loss, alarm)


def degradation_tree(found: Degradation, basis: Basis) -> Tree:
    """The findings `degraded cusum last_200`; the last one only where there are 30 predictions that said anything."""
    method = (
        f"one-sided CUSUM of the standardised Brier gains, alarm from {found.limit:g} until it is back at 0 (Page 1954)"
    )
    if found.n < LEAST:
        reason = f"{found.n} outcomes of predictions other than the base rate are known, {LEAST} needed"
        return {"degraded": False, "cusum": basis.missing(found.n, method, reason)}
    return {
        "degraded": found.degraded,
        "cusum": basis.found(found.cusum, found.n, method, label="alarm" if found.alarm else "quiet"),
        "last_200": _latest(found, basis),
    }


def _cusum(gains: Floats) -> tuple[float, bool]:
    scale, found, alarm = float(gains.std()), 0.0, False
    if scale < 1e-15:
        # Every prediction lost, or won, the same.
        return (_LIMIT, True) if gains[0] < 0 else (0.0, False)
    for gain in gains / scale:
        found = min(_LIMIT, max(0.0, found - float(gain) - _ALLOWANCE))
        alarm = found >= _LIMIT or (alarm and found > 0)
    return found, alarm


def _latest(found: Degradation, basis: Basis) -> Finding:
    method = "Brier skill of the last 200 against the base rate, one-sided Diebold-Mariano p of a loss"
    if found.bss is None:
        return basis.missing(found.n, method, f"{found.n} outcomes are known, {WATCHED} needed")
    return basis.found(found.bss, WATCHED, method, p_value=found.p_value)
