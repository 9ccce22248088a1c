"""Predictions with what became of them, in the order of time."""

from dataclasses import dataclass, fields

from app.analysis.bars import Floats


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
