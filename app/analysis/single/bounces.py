"""How often a price turns at a level before it breaks through, for many levels at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.analysis.bars import Floats

Counts = npt.NDArray[np.int64]

# A touch is within one band of the level; it is over when the price is three bands away.
AWAY: Final = 3.0
# Cells of prices by levels that are compared at once: as much as a processor's cache holds.
_CELLS: Final = 400_000
_BELOW, _TOUCH, _ABOVE = 0, 2, 4


@dataclass(frozen=True)
class Bounces:
    """For each level the touches that were resolved, and those of them after which the price went back."""

    resolved: Counts
    bounced: Counts

    @property
    def rate(self) -> float:
        """The share of all resolved touches that bounced, 0 without any."""
        return float(self.bounced.sum()) / max(1, int(self.resolved.sum()))

    def part(self, chosen: slice | Counts) -> "Bounces":
        """Those of some levels."""
        return Bounces(self.resolved[chosen], self.bounced[chosen])

    def scores(self, chance: float) -> Floats:
        """How many standard deviations more often than by `chance` each level turned the price; NaN without a touch.

        0 when `chance` is 0 or 1.
        """
        spread = np.sqrt(self.resolved * chance * (1 - chance))
        found = np.where(self.resolved > 0, 0.0, np.nan)
        np.divide(self.bounced - self.resolved * chance, spread, out=found, where=spread > 0)
        return found


def count_bounces(closes: Floats, levels: Floats, band: float) -> Bounces:
    """Touches of levels by a path of prices, in points; `band` is half the width of a level.

    A touch comes from at least three bands away to within one. The price bounces when it is next three bands away on
    the side that it came from, and breaks when it is on the other. What is not resolved at the end does not count.
    """
    size = max(1, _CELLS // max(1, len(closes)))
    parts = [_count(closes, levels[first : first + size], band) for first in range(0, len(levels), size)]
    empty = np.zeros(0, np.int64)
    resolved = np.concatenate([empty, *(part[0] for part in parts)])
    return Bounces(resolved, np.concatenate([empty, *(part[1] for part in parts)]))


def _count(closes: Floats, levels: Floats, band: float) -> tuple[Counts, Counts]:
    rows, zones = _visits(closes, levels, band)
    touched = (zones[1:-1] == _TOUCH) & (rows[:-2] == rows[1:-1]) & (rows[1:-1] == rows[2:])
    came, went, level = zones[:-2][touched], zones[2:][touched], rows[1:-1][touched]
    return np.bincount(level, minlength=len(levels)), np.bincount(level[came == went], minlength=len(levels))


def _visits(closes: Floats, levels: Floats, band: float) -> tuple[Counts, npt.NDArray[np.int8]]:
    """The zones that the path enters one after another, without those between, with the level's number of each."""
    zone = np.zeros((len(levels), len(closes)), np.int8)
    for edge, strict in ((-AWAY, True), (-1.0, False), (1.0, True), (AWAY, False)):
        border = (levels + edge * band)[:, None]
        zone += (closes > border) if strict else (closes >= border)
    entered = np.ones(zone.shape, bool)
    np.not_equal(zone[:, 1:], zone[:, :-1], out=entered[:, 1:])
    entered &= (zone & 1) == 0
    places = np.flatnonzero(entered)
    rows, zones = places // zone.shape[1], zone.ravel()[places]
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (rows[1:] != rows[:-1]) | (zones[1:] != zones[:-1])
    return rows[fresh], zones[fresh]
