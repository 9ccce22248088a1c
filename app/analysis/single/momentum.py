"""Where a symbol came from: its return over the last sessions, plain and in units of its own volatility."""

from typing import Final

import numpy as np

from app.analysis.findings import Basis, Finding, Status, Tree
from app.analysis.inputs import SymbolData
from app.analysis.single.days import Days, measure_days
from app.analysis.single.walks import two_sided

SPANS: Final = (1, 5, 20)
LEAST_SESSIONS: Final = 5


def measure_momentum(data: SymbolData) -> Tree:
    """By number of sessions the log `return` over the last so many, and `scaled` by the volatility of all sessions.

    A gap at a change of contract or after a session with too few bars is left out of the return, and such a session
    does not count. `scaled` is a standard normal number for a random walk and needs 5 sessions.
    """
    days, basis = measure_days(data), data.basis("5m")
    return {str(span): {"return": _change(days, span, basis), "scaled": _scaled(days, span, basis)} for span in SPANS}


def _change(days: Days, span: int, basis: Basis) -> Finding:
    method = f"log return over the last {span} usable sessions with the gaps before them; n counts sessions"
    count = len(days.days)
    if count < span:
        return basis.missing(count, method, f"{count} usable sessions, {span} are needed")
    return basis.found(days.returns()[-span:].sum(), span, method, unit="log return")


def _scaled(days: Days, span: int, basis: Basis) -> Finding:
    method = f"log return over the last {span} usable sessions / (realised volatility of a session x sqrt({span}))"
    count, needed = len(days.days), max(span, LEAST_SESSIONS)
    if count < needed:
        return basis.missing(count, method, f"{count} usable sessions, {needed} are needed")
    deviation = float(np.sqrt(days.totals().mean() * span))
    if deviation == 0:
        return basis.missing(count, method, "the price never moved", status="degraded_data")
    z = float(days.returns()[-span:].sum()) / deviation
    p = two_sided(z)
    status: Status = "ok" if p < 0.05 else "not_significant"
    return basis.found(
        z, count, method, status=status, stderr=1.0, p_value=p, ci=(z - 1.96, z + 1.96), unit="standard deviations"
    )
