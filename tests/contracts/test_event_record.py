from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import pytest
from sqlalchemy.orm import Session

from app.desk.events import EventKey, end_event, ended_since, key_of, last_planned, plan_event, start_event, unfinished
from app.operations.event_plan import ENDED_LATELY, Planned, Record
from tests.event_record import MemoryRecord

DAY = date(2025, 10, 9)
NOW = datetime(2025, 10, 9, 15, tzinfo=UTC)
OPEN, CLOSE = EventKey("CME_Futures", DAY, "open"), EventKey("CME_Futures", DAY, "close")
OLD = EventKey("CME_Futures", date(2025, 9, 1), "close")
Does = Callable[["Keeping"], object]


class Keeping(Protocol):
    """What keeps account of events."""

    def plan(self, key: EventKey, due_at: datetime) -> object:
        """See `plan_event`."""

    def start(self, key: EventKey) -> bool:
        """See `start_event`."""

    def end(self, key: EventKey, ending: str) -> bool:
        """See `end_event`."""

    def record(self, now: datetime) -> Record:
        """What planners are told."""


class TableRecord:
    """The table of events."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def plan(self, key: EventKey, due_at: datetime) -> None:
        """As the fake."""
        plan_event(self._session, key, due_at)

    def start(self, key: EventKey) -> bool:
        """As the fake."""
        return start_event(self._session, key, NOW)

    def end(self, key: EventKey, ending: str) -> bool:
        """As the fake."""
        return end_event(self._session, key, NOW, ending, "a reason")

    def record(self, now: datetime) -> Record:
        """As the fake."""
        waiting = [Planned(key_of(row), row.due_at, row.status == "started") for row in unfinished(self._session)]
        return Record(waiting, ended_since(self._session, (now - ENDED_LATELY).date()), last_planned(self._session))


CASES: dict[str, list[Does]] = {
    "nothing is known": [],
    "planned": [lambda to: to.plan(OPEN, NOW), lambda to: to.plan(CLOSE, NOW)],
    "planned by halves": [lambda to: to.plan(CLOSE, NOW)],
    "moved": [lambda to: to.plan(OPEN, NOW), lambda to: to.plan(OPEN, NOW + timedelta(hours=1))],
    "begun and not moved": [
        lambda to: to.plan(OPEN, NOW),
        lambda to: to.start(OPEN),
        lambda to: to.start(OPEN),
        lambda to: to.plan(OPEN, NOW + timedelta(hours=1)),
    ],
    "ended for good": [
        lambda to: to.plan(OPEN, NOW),
        lambda to: to.end(OPEN, "skipped"),
        lambda to: to.end(OPEN, "done"),
        lambda to: to.start(OPEN),
        lambda to: to.plan(OPEN, NOW + timedelta(hours=1)),
        lambda to: to.plan(CLOSE, NOW),
    ],
    "never planned": [lambda to: to.start(OPEN), lambda to: to.end(OPEN, "done")],
    "ended long ago": [lambda to: to.plan(OLD, NOW), lambda to: to.end(OLD, "late")],
}


@pytest.mark.parametrize("does", CASES.values(), ids=CASES)
def test_the_record_in_memory_behaves_as_the_table_does(db_session: Session, does: list[Does]) -> None:
    table, memory = TableRecord(db_session), MemoryRecord()

    answers = [(act(table), act(memory)) for act in does]

    assert [told for told, _ in answers] == [told for _, told in answers]
    assert shown(table.record(NOW)) == shown(memory.record(NOW))


def shown(record: Record) -> tuple[list[Planned], set[EventKey], dict[str, date]]:
    return sorted(record.unfinished), set(record.ended), dict(record.last)
