"""A session of the calendar with what was counted in its file, or in the bars that stand in for it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from app.analysis.quality.counts import SessionCounts
from app.market.sessions import Session

# Without a file nothing is counted.
NO_FILE: Final = SessionCounts(file_rows=0)
KnownBy = Literal["ticks", "bars", "nothing"]
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CountedSession:
    """A session that had begun at `asof`; `recorded_rows` is what the publisher of its file said.

    It is known by its ticks, or by its bars alone where they are damaged or lost, or by nothing where the bars are too.
    """

    hours: Session
    asof: datetime
    counts: SessionCounts = NO_FILE
    recorded_rows: int | None = None
    known_by: KnownBy = "ticks"

    @property
    def day(self) -> date:
        """The trading day."""
        return self.hours.day

    @property
    def is_cut(self) -> bool:
        """Whether the session was not over yet."""
        return self.asof < self.hours.close

    @property
    def rows(self) -> int:
        """How many ticks of the source there are."""
        return self.counts.rows

    @property
    def checked_rows(self) -> int:
        """How many of them could be held against rules."""
        return self.rows if self.known_by == "ticks" else 0

    @property
    def is_hole(self) -> bool:
        """Whether the session is over and has no tick."""
        return not self.rows and not self.is_cut

    @property
    def expected_minutes(self) -> int:
        """How many minutes of the session had begun."""
        return -((self.hours.open - min(self.hours.close, self.asof)) // _MINUTE)

    @property
    def coverage(self) -> float:
        """The share of those minutes that have a tick."""
        return self.counts.minutes / self.expected_minutes
