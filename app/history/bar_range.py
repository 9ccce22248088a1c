"""Which bars are asked for; light to import."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.history.timeframes import LENGTHS, stored_timeframe
from app.instruments.hours import market_of
from app.market.markets import Markets
from app.market.sessions import Session

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BarRange:
    """A symbol's bars of a timeframe that open in `[start, end)` and have closed at `known_until`."""

    symbol: str
    timeframe: str
    start: datetime
    end: datetime
    known_until: datetime

    @property
    def stored(self) -> str:
        """The timeframe of the bar files of which these bars are made."""
        return stored_timeframe(self.timeframe)

    @property
    def length(self) -> timedelta:
        """How long a bucket is that the session's close does not cut."""
        return LENGTHS[self.timeframe]

    def sessions(self, markets: Markets) -> list[Session]:
        """The symbol's sessions in which such a bar may open, in order; Rejected outside of the calendar."""
        end = min(self.end, self.known_until)
        if self.start >= end:
            return []
        market = market_of(markets, self.symbol)
        # The trading day of an instant is its date in UTC or a later one.
        found = market.sessions(self.start.date(), market.session_of(end - _MICROSECOND) + _DAY)
        return [hours for hours in found if hours.open < end and hours.close > self.start]

    def clip(self, hours: Session) -> Session:
        """The part of a session that such bars hold, from the first's open to the last's close or `known_until`.

        It is empty, or ends before it begins, where none opens in the range.
        """
        first = hours.open + max(0, -((hours.open - self.start) // self.length)) * self.length
        last = hours.open - ((hours.open - min(self.end, hours.close)) // self.length) * self.length
        return Session(hours.day, first, min(last, hours.close, self.known_until))
