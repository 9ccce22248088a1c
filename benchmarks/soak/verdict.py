"""What the samples of a run say of every process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich.table import Table

from benchmarks.soak.samples import MEASURES, Sample, lives
from benchmarks.soak.slopes import Slope, WarmUp, slope_of

JUDGED_MINUTES: Final = 20.0
# An hour may bring so much: MB, file descriptors, threads.
LIMITS: Final = dict(zip(MEASURES, (1.0, 2.0, 2.0), strict=True))

# PostgreSQL's processes keep the files open that they have touched, up to a setting of 1,000.
CACHES: Final = ("postgres/", "descriptors")

Verdict = Literal["flat", "GROWS", "not told apart", "a cache", "insufficient data"]


@dataclass(frozen=True)
class Judged:
    """The growth of one measure of the processes of one name; no slope where nothing was warm."""

    name: str
    measure: str
    slope: Slope | None

    @property
    def verdict(self) -> Verdict:
        """Whether it is within its limit, for which all of the interval must be; neither where the limit lies in it.

        From lives of less than 20 minutes in all nothing follows.
        """
        if self.slope is None or self.slope.minutes < JUDGED_MINUTES:
            return "insufficient data"
        if self.name.startswith(CACHES[0]) and self.measure == CACHES[1]:
            return "a cache"
        limit = LIMITS[self.measure]
        if self.slope.high <= limit:
            return "flat"
        return "GROWS" if self.slope.low > limit else "not told apart"

    @property
    def is_above(self) -> bool:
        """Whether the slope itself is above its limit, though its interval may leave that open: a run fails for it."""
        if self.slope is None or self.verdict not in ("GROWS", "not told apart"):
            return False
        return self.slope.per_hour > LIMITS[self.measure]


def judge(samples: Sequence[Sample], warm_up: WarmUp) -> list[Judged]:
    """Every measure of every name, in the order in which names were first seen."""
    return [
        Judged(name, measure, slope_of(found, warm_up))
        for measure in MEASURES
        for name, found in lives(samples, measure).items()
    ]


def show(judged: Sequence[Judged], measure: str) -> Table:
    """One measure of all processes as a table."""
    table = Table("process", "lives", "minutes", "median", "greatest", "per hour", "95 %", "", title=measure)
    for one in judged:
        if one.measure == measure and (slope := one.slope):
            figures = (f"{slope.minutes:.0f}", f"{slope.median:,.1f}", f"{slope.greatest:,.1f}")
            growth = (f"{slope.per_hour:+.2f}", f"{slope.low:+.2f} … {slope.high:+.2f}")
            table.add_row(one.name, str(slope.lives), *figures, *growth, one.verdict)
        elif one.measure == measure:
            table.add_row(one.name, "0", *[""] * 5, one.verdict)
    return table
