"""How many ticks the database holds by day and symbol; a large day that did not change is not counted again."""

import json
from collections.abc import Collection
from datetime import date
from typing import Any, Final

from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from app.bus import keys
from app.errors import Unavailable
from app.stores import Stores
from app.ticks.partitions import PartitionState, partition_states
from app.ticks.reading import count_by_symbol

Counts = dict[str, int]
# Counting this much takes milliseconds, and is exact at once: a mark follows its rows some seconds later.
SMALL_BYTES: Final = 8 << 20
KEPT_S: Final = 7 * 86_400


def tick_counts(stores: Stores, days: Collection[date] | None = None) -> dict[date, Counts]:
    """Stored ticks by symbol of every day that has a partition, or of those among `days`; by day.

    Counts of large days may lack the rows of the last ten seconds.
    """
    with stores.sessions() as session:
        states = partition_states(session)
        asked = [day for day in states if days is None or day in days]
        return {day: _counted(stores, session, day, states[day]) for day in asked}


def _counted(stores: Stores, session: Session, day: date, state: PartitionState) -> Counts:
    if state.size_bytes < SMALL_BYTES:
        return count_by_symbol(session, day) if state.size_bytes else {}
    known = _recall(stores, day)
    if known is not None and known["mark"] == state.mark:
        return dict(known["counts"])
    # The mark was read before the rows are counted, so that a row that comes meanwhile is counted again.
    counts = count_by_symbol(session, day)
    _remember(stores, day, state.mark, counts)
    return counts


def _recall(stores: Stores, day: date) -> dict[str, Any] | None:
    try:
        text = stores.redis.get(keys.tick_counts(day))
    except (RedisError, Unavailable):
        return None  # Without Redis every day is counted: slower, and as right.
    return json.loads(text) if text else None


def _remember(stores: Stores, day: date, mark: str, counts: Counts) -> None:
    try:
        stores.redis.set(keys.tick_counts(day), json.dumps({"mark": mark, "counts": counts}), ex=KEPT_S)
    except (RedisError, Unavailable):
        return
