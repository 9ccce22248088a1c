"""Finding what storage lacks: numbers that were given and are not stored, and times in which a feed was silent."""

from collections.abc import Sequence
from datetime import datetime

from app.ledger.gaps import lock_gaps
from app.operations.day_figures import DayCount
from app.operations.feed_watching import watch_feeds
from app.operations.number_watching import watch_numbers
from app.stores import Stores


def find_gaps(stores: Stores, counts: Sequence[DayCount], begun: datetime | None) -> None:
    """Record the gaps of the counted days, and close those whose numbers or minutes turned up.

    `begun` is an instant of the database's clock: all that was published before it is dealt with, so that a number
    which is lower than one that was stored by then will not come any more. Without it no numbers are looked at.
    """
    days = {counted.day for counted in counts}
    today = stores.market.session_of(stores.clock.now())
    for counted in counts:
        if begun is not None and _has_all_in_database(counted):
            with stores.sessions.begin() as session:
                lock_gaps(session)
                watch_numbers(session, stores.market, counted, begun, stores.clock.now())
    for counted in [*counts, *([] if today in days else [DayCount(today, {})])]:
        with stores.sessions.begin() as session:
            lock_gaps(session)
            watch_feeds(stores, session, counted)


def _has_all_in_database(counted: DayCount) -> bool:
    # Also where nothing is stored at all: everything that was given may be lost.
    return bool(counted.runs) or not counted.stored
