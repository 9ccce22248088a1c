"""Which bars are asked for; light to import."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

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

    def sessions(self, markets: Markets) -> list[Session]:
        """The symbol's sessions in which such a bar may open, in order; Rejected outside of the calendar."""
        end = min(self.end, self.known_until)
        if self.start >= end:
            return []
        market = market_of(markets, self.symbol)
        # The trading day of an instant is its date in UTC or a later one.
        found = market.sessions(self.start.date(), market.session_of(end - _MICROSECOND) + _DAY)
        return [hours for hours in found if hours.open < end and hours.close > self.start]
