"""What the ladders of an installation go by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.premarket.definition import Ladder

USUAL_TIMEFRAME: Final = "3months"


@dataclass(frozen=True)
class PremarketPolicy:
    """The ladders, one for each market that has one, and how far back their analyses look.

    `preferred` are the sources that quotes are wanted from, the best first; where ticks of another one have to do, that
    is told. Of `only` some symbols, where that names any, and else of all that are watched.
    """

    ladders: Sequence[Ladder] = ()
    timeframe: str = USUAL_TIMEFRAME
    preferred: Sequence[str] = ()
    only: Sequence[str] = ()

    def ladder_of(self, market: str) -> Ladder | None:
        """The ladder of a market; None when it has none."""
        return next((one for one in self.ladders if one.market == market), None)
