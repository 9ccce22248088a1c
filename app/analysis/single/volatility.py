"""How much a symbol moves: realised and range volatility a year, jumps, and how the last week compares to the past."""

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from scipy import special

from app.analysis.bars import Floats, floats
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.single import variances
from app.analysis.single.days import Days, measure_days, session_bars
from app.analysis.statistics.means import hac_stderr, small_sample

LEAST_SESSIONS: Final = 5
LEAST_RANGES: Final = 10
LEAST_PAST: Final = 60
CURRENT: Final = 5
ELEVATED, LOW = 0.8, 0.2
# Where so many returns are 0, a tick is more than half the deviation of one: the share of jumps is then too high by 5
# points and more. From two thirds of a deviation on the level is too high by 4 % and more.
COARSE, COARSER = 0.2, 1 / 3
UNIT: Final = "fraction a year"
_INTERVAL: Final = (
    "n counts sessions; interval of the long-run level with HAC errors of the sessions' variances, small-sample t, on "
    "the scale of logs"
)
_NO_GAP: Final = "no gap between two sessions could be measured, so the figure is of trading hours only"

# The variance of each bar from open, high, low and close, and how its estimator is cited.
_RANGES: Final[dict[str, tuple[str, Callable[[pl.DataFrame], Floats]]]] = {
    "parkinson": (
        "Parkinson 1980",
        lambda bars: variances.parkinson(floats(bars, "high"), floats(bars, "low")),
    ),
    "garman_klass": ("Garman-Klass 1980", lambda bars: variances.garman_klass(*_prices(bars))),
    "rogers_satchell": ("Rogers-Satchell 1991", lambda bars: variances.rogers_satchell(*_prices(bars))),
}


def measure_volatility(data: SymbolData) -> Tree:
    """The volatility of a symbol's sessions, as fractions a year.

    `realised`, `bipower` and `jump_share` need 5 sessions with 80 % of their bars, range estimators 10; `label` ranks
    the last 5 sessions in their own past and needs 60. `series` has plain numbers for a chart, newest last.
    """
    days = measure_days(data)
    basis = data.basis("5m")
    return {
        "realised": _realised(data, days, basis),
        "bipower": _bipower(data, days, basis),
        "jump_share": _jump_share(days, basis),
        **_ranges(data, days, basis),
        "yang_zhang": _yang_zhang(data, days, basis),
        "label": rank_volatility(days, basis),
        "series": _series(days, data.sessions_per_year),
    }


def rank_volatility(days: Days, basis: Basis) -> Finding:
    """The share of past 5-session variances that the current one is above: Elevated from 0.8 on, Low up to 0.2.

    The past are all stretches of five sessions that end before the current one begins; ties count half.
    """
    method = "rank of the variance of the last 5 sessions among all stretches of 5 before them; n counts sessions"
    totals = days.totals()
    count = len(totals)
    if count < 2 * CURRENT:
        return basis.missing(count, method, _too_few(days, 2 * CURRENT))
    stretches = np.convolve(totals, np.full(CURRENT, 1 / CURRENT), "valid")
    current, past = stretches[-1], stretches[:-CURRENT]
    same = np.isclose(past, current, rtol=1e-9, atol=0)
    rank = float(np.mean((past < current) & ~same) + np.mean(same) / 2)
    if count < LEAST_PAST:
        reason = f"{count} of {LEAST_PAST} sessions that a label needs"
        return basis.found(rank, count, method, status="low_history", label="n/a", reason=reason)
    label = "Elevated" if rank >= ELEVATED else "Low" if rank <= LOW else "Normal"
    return basis.found(rank, count, method, label=label)


def _realised(data: SymbolData, days: Days, basis: Basis) -> Finding:
    method = f"realised variance of 5-minute returns plus squared gaps, Andersen et al. 2003; {_INTERVAL}"
    if len(days.days) < LEAST_SESSIONS:
        return basis.missing(len(days.days), method, _too_few(days, LEAST_SESSIONS), unit=UNIT)
    reason = f"{_steps(days)}, so the level is too high" if days.still > COARSER else ""
    return _yearly(days.totals(), data, basis, method, gaps=bool(np.isfinite(days.gap).any()), reason=reason)


def _bipower(data: SymbolData, days: Days, basis: Basis) -> Finding:
    method = f"bipower variation of 5-minute returns without gaps, Barndorff-Nielsen-Shephard 2004; {_INTERVAL}"
    if len(days.days) < LEAST_SESSIONS:
        return basis.missing(len(days.days), method, _too_few(days, LEAST_SESSIONS), unit=UNIT)
    return _yearly(days.bipower, data, basis, method, gaps=True)


def _jump_share(days: Days, basis: Basis) -> Finding:
    method = "1 - bipower / realised variance of trading hours, not below 0, Barndorff-Nielsen-Shephard 2004"
    count, moved = len(days.days), float(days.realised.sum())
    if count < LEAST_SESSIONS:
        return basis.missing(count, method, _too_few(days, LEAST_SESSIONS))
    if moved == 0:
        return basis.missing(count, method, "the price never moved", status="degraded_data")
    is_coarse = days.still > COARSE
    return basis.found(
        max(0.0, 1 - float(days.bipower.sum()) / moved), count, method, status="degraded_data" if is_coarse else "ok",
        reason=f"{_steps(days)}, and a step looks like a jump" if is_coarse else "",
    )  # fmt: skip


def _ranges(data: SymbolData, days: Days, basis: Basis) -> dict[str, Finding]:
    """The range estimators of the session's own hours, to which squared gaps are added."""
    bars = session_bars(data, days.days)
    gaps = days.gap[np.isfinite(days.gap)] ** 2
    found = {}
    for name, (source, estimate) in _RANGES.items():
        method = f"{source} over session bars plus squared gaps; {_INTERVAL}"
        if len(bars) < LEAST_RANGES:
            found[name] = basis.missing(len(bars), method, _too_few(days, LEAST_RANGES, len(bars)), unit=UNIT)
        else:
            extra = gaps.mean() if len(gaps) else 0.0
            found[name] = _yearly(estimate(bars) + extra, data, basis, method, gaps=len(gaps) > 0)
    return found


def _yang_zhang(data: SymbolData, days: Days, basis: Basis) -> Finding:
    method = "Yang-Zhang 2000 over session bars with a gap before them; n counts sessions"
    gaps = dict(zip(days.days, days.gap, strict=True))
    bars = session_bars(data, tuple(day for day, gap in gaps.items() if np.isfinite(gap)))
    if len(bars) < LEAST_RANGES:
        return basis.missing(len(bars), method, _too_few(days, LEAST_RANGES, len(bars)), unit=UNIT)
    known = np.array([gaps[day] for day in bars["session_date"]])
    variance = max(variances.yang_zhang(known, *_prices(bars)), 0.0)
    return basis.found(np.sqrt(variance * data.sessions_per_year), len(bars), method, unit=UNIT)


def _yearly(values: Floats, data: SymbolData, basis: Basis, method: str, *, gaps: bool, reason: str = "") -> Finding:
    """The volatility a year of sessions' variances; by the delta method, with Student's t on the scale of logs.

    Where calm and turbulent stretches last longer than the lags of the errors, the interval is still too narrow.
    """
    count, mean = len(values), float(values.mean())
    if mean <= 0:
        return basis.missing(count, method, "the price never moved", status="degraded_data", unit=UNIT)
    level = float(np.sqrt(mean * data.sessions_per_year))
    freedom, shortfall = small_sample(count)
    relative = hac_stderr(values) * shortfall / mean / 2
    reach = float(np.exp(special.stdtrit(freedom, 0.975) * relative))
    return basis.found(
        level, count, method, unit=UNIT, stderr=level * relative, ci=(level / reach, level * reach),
        status="ok" if gaps else "degraded_data", reason=reason if gaps else _NO_GAP,
    )  # fmt: skip


def _series(days: Days, sessions_per_year: float) -> dict[str, list[str] | list[float]]:
    levels = np.sqrt(days.totals() * sessions_per_year)
    return {"session": [day.isoformat() for day in days.days], "volatility": levels.tolist()}


def _prices(bars: pl.DataFrame) -> tuple[Floats, Floats, Floats, Floats]:
    return floats(bars, "open"), floats(bars, "high"), floats(bars, "low"), floats(bars, "close")


def _steps(days: Days) -> str:
    return f"{days.still:.0%} of the 5-minute returns are 0 because prices move in ticks"


def _too_few(days: Days, needed: int, usable: int | None = None) -> str:
    count = len(days.days) if usable is None else usable
    return f"{count} usable sessions of {days.seen} that are over, {needed} are needed"
