"""How volatile the parts of a session are: the profile of all sessions, and what was known of it at each bar."""

from typing import Final

import numpy as np

from app.analysis.bars import Floats
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.series.half_hours import clock_text, half_hour_returns
from app.analysis.series.places import Places

LEAST_SESSIONS: Final = 20
_METHOD: Final = "mean absolute half-hour return over that of all half-hours, by sessions; Andersen-Bollerslev 1997"
# As many returns of average size are added to each part of a session: the size of one return varies about four times
# as much, in variance, as the parts of a session differ.
_PRIOR: Final = 4.0


def measure_diurnal(data: SymbolData) -> Tree:
    """How volatile each half-hour since the open is, 1 being the average: by half-hour, with its standard error.

    A half-hour needs 20 sessions; the mean of absolute returns is used since one shock does not decide it.
    """
    grid = half_hour_returns(data)
    sizes, basis = np.abs(grid.returns), data.basis(grid.timeframe)
    average = float(np.nanmean(sizes)) if np.isfinite(sizes).any() else 0.0
    return {clock_text(bucket): _factor(basis, column, average) for bucket, column in enumerate(sizes.T)}


def factors(returns: Floats, slots: Places) -> Floats:
    """How large each return is to be expected by its slot, shape (n,): mean absolute return of slot over that of all.

    Knows the whole sample. 1 throughout when nothing moved; returns are finite, slots not negative.
    """
    sizes = np.abs(returns)
    average = float(sizes.mean()) if len(sizes) else 0.0
    if average == 0:
        return np.ones(len(sizes))
    counts = np.bincount(slots)
    by_slot = np.bincount(slots, weights=sizes) / np.maximum(counts, 1) / average
    return by_slot[slots]


def past_factors(returns: Floats, slots: Places, following: int) -> Floats:
    """As `factors`, each from the returns before it alone, shape (n + 1,); the last is for a bar in slot `following`.

    Shrunk towards 1 with the weight of four returns of average size; 1 as long as nothing has moved.
    """
    sizes = np.abs(returns)
    every = np.append(slots, following)
    total = np.concatenate(([0.0], np.cumsum(sizes)))
    average = total / np.maximum(np.arange(len(total)), 1)
    before, count = _earlier_in_slot(np.append(sizes, 0.0), every)
    usable = average > 0
    found = np.ones(len(every))
    found[usable] = ((before + _PRIOR * average) / (count + _PRIOR))[usable] / average[usable]
    return found


def _earlier_in_slot(sizes: Floats, slots: Places) -> tuple[Floats, Floats]:
    """Sum and number of the sizes before each one that are in the same slot."""
    sums, counts = np.zeros(len(slots)), np.zeros(len(slots))
    # Slot by slot: in one running sum over all of them, the last digits would depend on the future of other slots.
    for slot in np.unique(slots):
        members = np.flatnonzero(slots == slot)
        sums[members[1:]] = np.cumsum(sizes[members])[:-1]
        counts[members] = np.arange(len(members))
    return sums, counts


def _factor(basis: Basis, sizes: Floats, average: float) -> Finding:
    known = sizes[np.isfinite(sizes)]
    if len(known) < LEAST_SESSIONS:
        return basis.missing(len(known), _METHOD, f"{len(known)} sessions have this half-hour, {LEAST_SESSIONS} needed")
    if average == 0:
        return basis.missing(len(known), _METHOD, "the price never moved")
    error = known.std(ddof=1) / np.sqrt(len(known)) / average
    return basis.found(known.mean() / average, len(known), _METHOD, stderr=error, unit="times average")
