"""Whether some half-hours or weekdays rise or fall on average, tested across sessions and for their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.stats import false_discovery_control, t

from app.analysis.bars import SESSION, Floats, log_returns
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.series.diurnal import measure_diurnal
from app.analysis.series.half_hours import clock_text, half_hour_returns
from app.analysis.series.places import Mask

LEAST_SESSIONS: Final = 60
LEAST_FOR_WEEKDAYS: Final = 250
RATE: Final = 0.10
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
# A weekday of a year has about fifty sessions; with fewer than this a mean is none.
_LEAST_OF_A_WEEKDAY: Final = 30
_METHOD: Final = "mean log return, t across sessions; p by Benjamini-Hochberg 1995"


@dataclass(frozen=True)
class MeanTests:
    """Means of columns and how likely chance makes such ones; each of shape (columns,), NaN where not tested.

    `p` is two-sided, `q` adjusted for the number of columns that were tested.
    """

    count: Floats
    mean: Floats
    stderr: Floats
    p: Floats
    q: Floats


def measure_seasonality(data: SymbolData) -> Tree:
    """Mean returns by half-hour since the open and by weekday of the trading day, and volatility by half-hour.

    Parts: `half_hours` and `weekdays` with `significant` (how many differ from 0 at a false discovery rate of 10 %) and
    `means` by name; `volatility` by half-hour. Half-hours need 60 sessions each, weekdays 250 sessions in all. Returns
    of half-hours leave out what happens between sessions, those of weekdays contain it; over a session that is
    missing there is none.
    """
    grid = half_hour_returns(data)
    names = [clock_text(bucket) for bucket in range(grid.returns.shape[1])]
    half_hours = _told(data.basis(grid.timeframe), names, column_means(grid.returns, LEAST_SESSIONS), LEAST_SESSIONS)
    return {"half_hours": half_hours, "weekdays": _weekdays(data), "volatility": measure_diurnal(data)}


def column_means(values: Floats, least: int) -> MeanTests:
    """Whether the mean of each column differs from 0: Student's t over its numbers, adjusted over the columns.

    `values` has shape (sessions, columns), NaN where there is none. Columns with fewer than `least` numbers, or that do
    not vary, are not tested.
    """
    known = np.isfinite(values)
    count = known.sum(axis=0).astype(float)
    tested = count >= max(least, 2)
    filled = np.where(known, values, 0.0)
    mean = np.where(tested, filled.sum(axis=0) / np.maximum(count, 1), np.nan)
    deviation = np.where(known, filled - np.where(tested, mean, 0.0), 0.0)
    error = np.sqrt((deviation**2).sum(axis=0) / np.maximum(count - 1, 1) / np.maximum(count, 1))
    tested &= error > 0
    p, q = np.full(len(count), np.nan), np.full(len(count), np.nan)
    if tested.any():
        p[tested] = 2 * t.sf(np.abs(mean[tested] / error[tested]), count[tested] - 1)
        q[tested] = false_discovery_control(p[tested])
    return MeanTests(count, np.where(tested, mean, np.nan), np.where(tested, error, np.nan), p, q)


def _weekdays(data: SymbolData) -> Tree:
    bars = data.frame(SESSION)
    returns = np.where(_follows_at_once(data), log_returns(bars), np.nan)
    grid = np.full((len(bars), len(_WEEKDAYS)), np.nan)
    numbers = bars["session_date"].dt.weekday().to_numpy() - 1
    week = numbers < len(_WEEKDAYS)
    grid[np.flatnonzero(week), numbers[week]] = returns[week]
    usable, basis = int(np.isfinite(grid).sum()), data.basis(SESSION)
    if usable < LEAST_FOR_WEEKDAYS:
        reason = f"{usable} returns of sessions, {LEAST_FOR_WEEKDAYS} needed"
        return {"significant": basis.missing(usable, _METHOD, reason), "means": {}}
    return _told(basis, _WEEKDAYS, column_means(grid, _LEAST_OF_A_WEEKDAY), _LEAST_OF_A_WEEKDAY)


def _follows_at_once(data: SymbolData) -> Mask:
    """Which session bars have the session before them too: else a return holds what another weekday moved."""
    days = data.frame(SESSION)["session_date"].to_list()
    before = {later.day: earlier.day for earlier, later in pairwise(data.hours)}
    return np.array([before.get(this) == last for last, this in pairwise([None, *days])], bool)


def _told(basis: Basis, names: Sequence[str], found: MeanTests, least: int) -> Tree:
    tested = int(np.isfinite(found.q).sum())
    most = int(found.count.max()) if len(found.count) else 0
    method = f"{_METHOD} over {tested}"
    if not tested:
        reason = f"{most} sessions, {least} needed" if most < least else "the price never moved"
        return {"significant": basis.missing(most, _METHOD, reason), "means": {}}
    significant = int(np.sum(found.q[np.isfinite(found.q)] < RATE))
    summary = basis.found(
        significant, most, f"{method}, q < {RATE:.2f}", status="ok" if significant else "not_significant",
        reason="" if significant else "no mean differs from 0 by more than chance explains",
    )  # fmt: skip
    means = {name: _mean(basis, found, column, least, method) for column, name in enumerate(names)}
    return {"significant": summary, "means": means}


def _mean(basis: Basis, found: MeanTests, column: int, least: int, method: str) -> Finding:
    count = int(found.count[column])
    if not np.isfinite(found.q[column]):
        return basis.missing(
            count, method, f"{count} sessions, {least} needed" if count < least else "the price never moved then"
        )
    q = found.q[column]
    return basis.found(
        found.mean[column], count, method, status="ok" if q < RATE else "not_significant", unit="log return",
        stderr=found.stderr[column], p_value=q,
    )  # fmt: skip
