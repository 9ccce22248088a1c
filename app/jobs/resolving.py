"""What became of predictions: once the time they were about has data, their outcome is written, for good."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from app.errors import ThorError
from app.instruments.roll_history import rolls_between
from app.instruments.rolls import canonical_contract
from app.jobs.models import UNCHANGED, Prediction
from app.lake.layout import TICKS
from app.lake.manifest import find_file
from app.market.timetable import MICROSECOND, micros_of
from app.stores import Stores

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

# Ticks of the last minute may still be on their way to the database.
SETTLED_AFTER: Final = timedelta(minutes=2)
# How long after its time a later price is looked for, which shows that all before it have arrived.
_LOOKED_AHEAD: Final = timedelta(hours=1)
# Nothing later may ever come where a source has stopped; then what there is has to do.
WAITED_FOR_MORE: Final = timedelta(days=1)
VOID_AFTER: Final = timedelta(days=7)
AT_ONCE: Final = 100
BUDGET_S: Final = 3.0
_CONTRACT_WINDOW: Final = timedelta(minutes=15)


def resolve_due(stores: Stores, now: datetime, *, at_once: int = AT_ONCE, budget_s: float = BUDGET_S) -> int:
    """Write the outcomes that are known at `now`, as many as the time allows; returns how many.

    The outcome is 1 where the price at `target_ts` is above the base price and 0 where it is below: the close of the
    last minute before it, of the same source, once nothing before it can come any more: a later price is there, the
    whole session is in the lake, or a day has passed. A prediction is void when the price is the same, of which it says
    nothing, when the contract changed in between, and when a week later there is still no data. What cannot be read is
    left, and logged. Several may do this at the same time.
    """
    began_s, resolved = time.monotonic(), 0
    for number in _due(stores, now, at_once):
        if time.monotonic() - began_s > budget_s:
            break
        try:
            resolved += _resolve(stores, number, now)
        except ThorError as error:
            log.warning("prediction %d has no outcome yet: %s", number, error)
    return resolved


def is_resolving_due(session: Session, now: datetime) -> bool:
    """Whether there is a prediction whose time has come."""
    return session.scalar(select(Prediction.id).where(_is_due(now)).limit(1)) is not None


def _due(stores: Stores, now: datetime, count: int) -> Sequence[int]:
    # In no order, so that some whose data never come hold up no other.
    query = select(Prediction.id).where(_is_due(now)).order_by(func.random()).limit(count)
    with stores.sessions() as session:
        return session.scalars(query).all()


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(Prediction.resolved_at.is_(None), Prediction.target_ts <= now - SETTLED_AFTER)


def _resolve(stores: Stores, number: int, now: datetime) -> bool:
    # What reads bars and ticks is slow to load, and whoever only asks whether any is due does without.
    from app.jobs.outcomes import minutes_of

    with stores.sessions.begin() as session:
        query = select(Prediction).where(Prediction.id == number, Prediction.resolved_at.is_(None))
        row = session.scalar(query.with_for_update(skip_locked=True))
        if row is None:
            return False
        begins = row.asof - _CONTRACT_WINDOW
        minutes = minutes_of(session, stores, row, (begins, row.target_ts + _LOOKED_AHEAD), now)
        if _has_rolled(session, stores, row, minutes):
            row.void = "the contract changed before its time"
        elif (price := _price_at_target(session, stores, row, minutes, now)) is not None:
            _fill(row, price)
        elif now - row.target_ts >= VOID_AFTER:
            row.void = f"there is no data of {row.source} for its time"
        else:
            return False
        row.resolved_at = now
        return True


def _fill(row: Prediction, price: float) -> None:
    # The probability is of a rise given that the price changes.
    if price == row.base_price:
        row.void = UNCHANGED
    else:
        row.outcome_price, row.outcome = price, int(price > row.base_price)


def _price_at_target(
    session: Session, stores: Stores, row: Prediction, minutes: "pa.Table", now: datetime
) -> float | None:
    import pyarrow.compute as pc

    within = _between(minutes, row.asof, row.target_ts)
    opened = minutes.column("t_open").cast("int64")
    went_on = pc.any(pc.greater_equal(opened, micros_of(row.target_ts))).as_py()
    if not within.num_rows or not (went_on or _is_final(session, stores, row, now)):
        return None
    return float(within.column("close")[-1].as_py())


def _is_final(session: Session, stores: Stores, row: Prediction, now: datetime) -> bool:
    if now - row.target_ts >= WAITED_FOR_MORE:
        return True
    # The last bar of a session ends when it closes, which is no more part of it.
    market = stores.market_of(row.symbol)
    day = market.session_of(row.target_ts - MICROSECOND)
    file, hours = find_file(session, TICKS, day, row.symbol), market.session(day)
    return file is not None and hours is not None and file.written_at >= hours.close


def _between(minutes: "pa.Table", start: datetime, end: datetime) -> "pa.Table":
    import pyarrow.compute as pc

    opened, closed = (minutes.column(name).cast("int64") for name in ("t_open", "t_close"))
    is_late = pc.greater_equal(opened, micros_of(start))
    return minutes.filter(pc.and_(is_late, pc.less_equal(closed, micros_of(end))))


def _has_rolled(session: Session, stores: Stores, row: Prediction, minutes: "pa.Table") -> bool:
    from app.history.ticks import read_ticks

    begins = row.asof - _CONTRACT_WINDOW
    if rolls_between(session, row.symbol, row.asof, row.target_ts, row.source):
        return True
    # A source whose changes nobody notes, such as a replay, still tells its contract with each tick.
    ticks = read_ticks(
        session, stores.lake, stores.market, row.symbol, begins, row.target_ts, source=row.source, columns=["contract"]
    )
    told = {*ticks.column("contract").unique().to_pylist()}
    told |= {*_between(minutes, begins, row.target_ts).column("contract").unique().to_pylist()}
    contracts = {canonical_contract(row.symbol, one, row.asof) for one in told} - {None}
    return len(contracts) > 1
