"""Balancing what was published against what became of it, and recording as lost what nothing else explains."""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.hashes import read_hash, write_hash
from app.bus.marks import StreamMark, is_past, mark_stream
from app.errors import Conflict
from app.instruments.hours import last_day_over
from app.ledger.balance import Balance, Key, hold_ticks, lock_balances, save_balances
from app.ledger.coverage import MINUTE, REACH_MINUTES
from app.ledger.given_numbers import last_numbers_since
from app.ledger.positions import read_position, save_position
from app.operations.day_figures import (
    SETTLED,
    DayCount,
    Figures,
    count_day,
    days_to_count,
    keys_of,
    read_figures,
)
from app.operations.gap_finding import find_gaps
from app.operations.loss_finding import Draft, close_balances
from app.operations.loss_folding import fold_losses, fold_published, forget_published_tokens
from app.quotes import UNNUMBERED
from app.stores import Stores

log = logging.getLogger(__name__)

# Up to where all that is missing is known to be, beside the positions of the groups.
BALANCED: Final = "balanced"
RECONCILE: Final = "reconcile"
# The last events of a session are on their way for a while after its close, and only then it shows until when its feeds
# were alive.
AFTER_CLOSE: Final = REACH_MINUTES * MINUTE
# A last number that is older does not grow any more: the longest session lasts a day.
GROWING: Final = timedelta(days=2)
ALONE_WITHIN_S: Final = 30.0
TASK_ALONE_WITHIN_S: Final = 0.5
LOOKS: Final = 20
LOOK_EVERY_S: Final = 0.1
_LOCK_TIMEOUT: Final = "55P03"


@dataclass(frozen=True)
class Reconciled:
    """What a reconcile found: the balances of the days whose figures had changed.

    `at_rest`: all that was published had been dealt with, and nothing was published meanwhile.
    """

    at: datetime
    at_rest: bool
    balances: Sequence[Balance]
    counts: Sequence[DayCount] = field(repr=False)

    @property
    def days(self) -> list[date]:
        """The days that were counted, newest first."""
        return [counted.day for counted in self.counts]

    @property
    def unexplained(self) -> list[Balance]:
        """Where events were missing that nothing explains; they are recorded as lost."""
        return [balance for balance in self.balances if balance.verdict == "unexplained"]


@dataclass(frozen=True)
class _Start:
    """How things stood before the figures were read; `past`: all that was published by then had been dealt with.

    `given` are the last numbers of the events that are `published`, by source, epoch and trading day.
    """

    database_time: datetime
    published: Mapping[Key, int]
    given: Mapping[tuple[str, int, date], int]
    mark: StreamMark
    past: bool


def reconcile(stores: Stores, *, alone_within_s: float = ALONE_WITHIN_S) -> Reconciled:
    """Balance the days whose figures changed, record what is lost, and find the gaps of these days.

    Doing it again changes nothing, and what may still be under way is never called lost. Conflict while another
    process reconciles for longer than `alone_within_s`.
    """
    with stores.sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        _be_alone(session, alone_within_s)
        start = _start(stores)
        figures, found = _balance(stores, session, start)
        session.commit()
    find_gaps(stores, found.counts, start.database_time if start.past else None)
    if start.past:  # Else no numbers were looked at.
        _remember(stores, figures, found)
    forget_published_tokens(stores)
    stores.redis.set(keys.ran(RECONCILE), int(found.at.timestamp() * 1000))
    return found


def reconcile_unless_under_way(stores: Stores) -> Reconciled | None:
    """Reconcile; None when another process does so at this moment."""
    try:
        found = reconcile(stores, alone_within_s=TASK_ALONE_WITHIN_S)
    except Conflict as busy:
        log.info("%s", busy)
        return None
    verdicts = Counter(balance.verdict for balance in found.balances)
    log.info("reconciled %s days: %s", len(found.days), dict(verdicts) or "nothing has changed")
    return found


def _be_alone(session: Session, within_s: float) -> None:
    try:
        lock_balances(session, within_s)
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_TIMEOUT:
            raise
        raise Conflict("another process reconciles at this moment: try again in a minute") from None


def _start(stores: Stores) -> _Start:
    published = fold_published(stores)
    # The database's own clock, which stamps its rows, also those of what was just copied.
    with stores.sessions() as session:
        database_time: datetime = session.scalars(select(func.clock_timestamp())).one()
        # Read after the counts: a number that is too high makes nothing look lost.
        given = last_numbers_since(session, database_time - GROWING)
    mark = mark_stream(stores.redis)
    return _Start(database_time, published, given, mark, _is_past_soon(stores, mark))


def _is_past_soon(stores: Stores, mark: StreamMark) -> bool:
    for _look in range(LOOKS):
        if is_past(stores.redis, mark):
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def _balance(stores: Stores, session: Session, start: _Start) -> tuple[Figures, Reconciled]:
    now = stores.clock.now()
    fold_losses(stores)
    hold_ticks(session)
    figures = read_figures(session)
    days = days_to_count(figures, start.published, read_hash(stores.redis, keys.RECONCILED))
    lake, given = stores.lake, start.given
    counts = [counted for day in days if (counted := count_day(session, lake, figures, day, given))]
    # After everything that became of events, so that none of it is more than was published.
    published = fold_published(stores)
    drafts = [
        _draft(figures, start, published, key, counted)
        for counted in counts
        for key in keys_of(figures, published, counted)
    ]
    generation, balanced = start.mark.generation, read_position(session, BALANCED)
    was_reset = balanced is not None and balanced[0] != generation
    is_complete = start.past and _unnumbered(start.published) == _unnumbered(published)
    complete_since = start.database_time if is_complete else None
    balances = close_balances(session, drafts, was_reset=was_reset, complete_since=complete_since)
    save_balances(session, balances, now)
    if is_complete and generation is not None:
        save_position(session, BALANCED, generation, start.mark.last_id, now)
    at_rest = start.past and start.published == published
    return figures, Reconciled(now, at_rest, balances, counts)


def _draft(figures: Figures, start: _Start, published: Mapping[Key, int], key: Key, counted: DayCount) -> Draft:
    stored = counted.stored.get(key, 0)
    dead, duplicates, lost = (part.get(key, 0) for part in (figures.dead, figures.duplicates, figures.lost))
    moved = figures.moved.get(key, 0)
    kept = stored - counted.later.get(key, 0)
    missing = start.published.get(key, 0) + moved - kept - dead - duplicates - lost if start.past else 0
    return Draft(key, published.get(key, 0) + moved, stored, dead, duplicates, lost, max(0, missing))


def _unnumbered(published: Mapping[Key, int]) -> dict[Key, int]:
    # Of these it is not known which of the stored ones came after the balance had begun.
    return {key: count for key, count in published.items() if key.source in UNNUMBERED}


def _remember(stores: Stores, figures: Figures, found: Reconciled) -> None:
    open_days = {balance.session_date for balance in found.balances if balance.verdict not in SETTLED}
    over = last_day_over(stores.markets, found.at - AFTER_CLOSE)
    closed = [day for day in found.days if day in figures.partitions and day not in open_days and day <= over]
    if closed:
        write_hash(stores.redis, keys.RECONCILED, {day.isoformat(): figures.partitions[day].mark for day in closed})
