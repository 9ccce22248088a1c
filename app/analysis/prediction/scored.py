"""Predictions with what became of them, in the order of time."""

from dataclasses import dataclass, fields

import numpy as np

from app.analysis.bars import Floats


@dataclass(frozen=True)
class Scored:
    """Predictions with their outcomes in the order of time, shape (rows,) each.

    `outcomes` are 1 for a rise over the base price, 0 for a fall, NaN where the price did not change: that says nothing
    of a probability, and belongs to the intervals all the same, which are of all moves. `low` and `high` bound the
    `price` that came, NaN where no interval was given.
    """

    p: Floats
    base: Floats
    outcomes: Floats
    low: Floats
    high: Floats
    price: Floats

    @property
    def known(self) -> int:
        """How many have an outcome."""
        return int(np.isfinite(self.outcomes).sum())

    def moved(self) -> "Scored":
        """Those with an outcome."""
        moved = np.isfinite(self.outcomes)
        return Scored(*(getattr(self, one.name)[moved] for one in fields(self)))

    def last(self, count: int) -> "Scored":
        """The newest with an outcome, so many at most, and those without one between them."""
        places = np.flatnonzero(np.isfinite(self.outcomes))
        first = int(places[-count]) if len(places) > count else 0
        return Scored(*(getattr(self, one.name)[first:] for one in fields(self)))
