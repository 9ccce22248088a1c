"""Taking a day's ticks out of the database, in one transaction with whatever else is true from then on."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session, sessionmaker

from app.errors import Conflict
from app.ticks.partitions import PartitionBusy, drop_partition, hold_partition, lock_failures
from app.ticks.reading import StoredTicks, describe_day

PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 1.0


def _nothing(_session: Session) -> None:
    return None


@dataclass(frozen=True)
class Deed:
    """What is done together with the drop, in three parts by who waits for it meanwhile; each may raise to stop it all.

    `prepare` may take its time, because nobody waits. During `note` the day's writers do, and during `finish`
    everybody who reads or writes ticks: it must be short, and is done last and once at most.
    """

    prepare: Callable[[Session], None] = _nothing
    note: Callable[[Session], None] = _nothing
    finish: Callable[[Session], None] = _nothing


def retire_day(
    sessions: sessionmaker[Session],
    day: date,
    expected: Mapping[str, StoredTicks],
    deed: Deed,
    patience_s: float = PATIENCE_S,
) -> None:
    """Drop a day's partition and do `deed`, both or neither, if the partition holds what is `expected`.

    Writers of other days wait 100 ms at most for one of the attempts, which end after `patience_s`. Nothing is changed
    on PartitionAbsent, when somebody else dropped it; on Conflict, when ticks were stored meanwhile or the table is in
    use for too long; and on whatever `deed` raises.
    """
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            with sessions.begin() as session:
                return _retire(session, day, expected, deed)
        except PartitionBusy:
            if time.monotonic() >= give_up_at:
                raise
        time.sleep(_PAUSE_S * random.uniform(0.5, 1.5))


def _retire(session: Session, day: date, expected: Mapping[str, StoredTicks], deed: Deed) -> None:
    deed.prepare(session)
    hold_partition(session, day)
    if describe_day(session, day) != expected:
        raise Conflict(f"ticks of {day} were stored meanwhile: export it again, then purge it")
    with lock_failures(day):
        deed.note(session)
    drop_partition(session, day)
    deed.finish(session)
