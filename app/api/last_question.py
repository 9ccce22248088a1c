"""What a client asks of the last bars before an instant, understood."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from app.api.bar_parameters import BarsQuery
from app.api.bar_question import preferred
from app.api.query import WrongField
from app.clock import Clock
from app.history.bar_range import BarRange
from app.quotes import EARLIEST


@dataclass(frozen=True, slots=True)
class LastQuestion:
    """The last `count` bars of a range that has no beginning, of the source named or of the one that is chosen.

    `at` and `forming` are as in `BarQuestion`.
    """

    wanted: BarRange
    count: int
    source: str | None
    choose: Callable[[Sequence[str]], str | None]
    at: datetime | None
    forming: bool


def understand_last(clock: Clock, query: BarsQuery, preference: Sequence[str]) -> LastQuestion | None:
    """The question of a query that has `last`, None of one that has not; Rejected when it makes no sense."""
    if query.last is None:
        return None
    others = {"start": query.start, "limit": query.limit, "cursor": query.cursor}
    if given := [name for name, value in others.items() if value is not None]:
        raise WrongField("last", f"give it without {' and '.join(given)}: it says how many bars end at end")
    now = query.at or clock.now()
    wanted = BarRange(query.symbol, query.timeframe, EARLIEST, query.end or now, now)
    choose = partial(preferred, preference=preference)
    return LastQuestion(wanted, query.last, query.source, choose, query.at, query.forming)
