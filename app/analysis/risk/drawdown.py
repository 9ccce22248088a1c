"""How far below its peak a line of values fell, and for how long."""

from dataclasses import dataclass

import numpy as np

from app.analysis.bars import Floats


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall as a share of the peak before it, in [0, 1] while values are positive; places in the line.

    `recovery` is the first place at or above the peak afterwards, None where there is none.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None


def drawdowns(values: Floats) -> Floats:
    """How far each value lies under the highest so far, as a share of it, shape (values,); values start positive."""
    peaks = np.maximum.accumulate(values)
    return np.asarray(1 - values / peaks)


def deepest(values: Floats) -> Drawdown:
    """The deepest drawdown of at least one value, the first positive; depth 0 at place 0 of a line that never falls."""
    falls = drawdowns(values)
    trough = int(np.argmax(falls))
    peak = int(np.argmax(values[: trough + 1]))
    later = np.flatnonzero(values[trough:] >= values[peak])
    return Drawdown(float(falls[trough]), peak, trough, trough + int(later[0]) if len(later) else None)
