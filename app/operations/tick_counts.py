"""How many ticks the database holds by day and symbol; a large day that did not change is not counted again."""

import json
from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from redis.exceptions import RedisError

from app.bus import keys
from app.errors import Unavailable
from app.stores import Stores
from app.ticks.partitions import partition_states
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
        # Marks are read before rows are counted, so that a row that comes meanwhile is counted again.
        states = partition_states(session)
        asked = {day: state for day, state in states.items() if days is None or day in days}
        large = {day: state.mark for day, state in asked.items() if state.size_bytes >= SMALL_BYTES}
        known = _recall(stores, large)
        found = {
            day: known[day] if day in known else count_by_symbol(session, day) if state.size_bytes else {}
            for day, state in asked.items()
        }
    _remember(stores, {day: (mark, found[day]) for day, mark in large.items() if day not in known})
    return found


def _recall(stores: Stores, marks: Mapping[date, str]) -> dict[date, Counts]:
    if not marks:
        return {}
    try:
        texts = stores.redis.mget([keys.tick_counts(day) for day in marks])
    except (RedisError, Unavailable):
        return {}  # Without Redis every day is counted: slower, and as right.
    kept = {day: json.loads(text) for day, text in zip(marks, texts, strict=True) if text}
    return {day: dict(found["counts"]) for day, found in kept.items() if found["mark"] == marks[day]}


def _remember(stores: Stores, counted: Mapping[date, tuple[str, Counts]]) -> None:
    try:
        for day, (mark, counts) in counted.items():
            stores.redis.set(keys.tick_counts(day), json.dumps({"mark": mark, "counts": counts}), ex=KEPT_S)
    except (RedisError, Unavailable):
        return
