"""The record of opens and closes in memory, and a timetable that is seen to on it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from app.desk.events import EventKey
from app.market.market import Market
from app.operations.event_plan import (
    ENDED_LATELY,
    BeginClose,
    CloseSession,
    EventStep,
    OpenSession,
    PlanEvent,
    Planned,
    Record,
    SkipEvent,
    plan_events,
)


class MemoryRecord:
    """Behaves as the table of events does under `app.operations.event_keeping`."""

    def __init__(self) -> None:
        self._waiting: dict[EventKey, Planned] = {}
        self._ended: dict[EventKey, str] = {}
        self._lately: set[EventKey] = set()
        self._last: dict[str, date] = {}

    def record(self, now: datetime) -> Record:
        """What a planner is told."""
        first = (now - ENDED_LATELY).date()
        ended = {key for key in self._lately if key.day >= first}
        return Record(list(self._waiting.values()), ended, self._last)

    def status(self, key: EventKey) -> str:
        """What became of an event; empty when it was never planned."""
        waiting = self._waiting.get(key)
        if waiting is None:
            return self._ended.get(key, "")
        return "started" if waiting.is_started else "planned"

    def plan(self, key: EventKey, due_at: datetime) -> None:
        """Plan an event, or move one that has not begun."""
        if self.status(key) in ("", "planned"):
            self._waiting[key] = Planned(key, due_at)
        other = key._replace(event="open" if key.event == "close" else "close")
        if self.status(other):
            self._last[key.market] = max(key.day, self._last.get(key.market, key.day))

    def start(self, key: EventKey) -> bool:
        """Begin an event; False when it had begun before."""
        if self.status(key) != "planned":
            return False
        self._waiting[key] = self._waiting[key]._replace(is_started=True)
        return True

    def end(self, key: EventKey, ending: str) -> bool:
        """End an event for good; False when it had ended before."""
        if self._waiting.pop(key, None) is None:
            return False
        self._ended[key] = ending
        self._lately.add(key)
        return True

    def forget_lately(self, before: date) -> None:
        """Leave what ended in older sessions out of the way; a planner is not told of it anyway."""
        self._lately = {key for key in self._lately if key.day >= before}


class Desk:
    """Sees to the events of `markets`: `acts` is what it did and when, and `skips` what it left and why."""

    def __init__(self, markets: Iterable[Market], record: MemoryRecord | None = None) -> None:
        self.markets = list(markets)
        self.record = record or MemoryRecord()
        self.acts: list[tuple[datetime, EventKey]] = []
        self.completed: list[tuple[datetime, EventKey]] = []
        self.skips: dict[EventKey, str] = {}

    def look(self, now: datetime) -> list[EventStep]:
        """One tick."""
        steps = self.plan(now)
        self.do(steps, now)
        return steps

    def plan(self, now: datetime) -> list[EventStep]:
        """What a tick would do."""
        return plan_events(self.markets, self.record.record(now), now)

    def do(self, steps: Iterable[EventStep], now: datetime) -> None:
        """Do what a tick found; an act counts where the record was changed by it."""
        for step in steps:
            match step:
                case PlanEvent(key, due_at):
                    self.record.plan(key, due_at)
                case SkipEvent(key, reason):
                    if self.record.end(key, "skipped"):
                        self.skips[key] = reason
                case OpenSession(market, day):
                    key = EventKey(market, day, "open")
                    if self.record.end(key, "done"):
                        self.acts.append((now, key))
                case BeginClose(market, day):
                    key = EventKey(market, day, "close")
                    if self.record.start(key):
                        self.acts.append((now, key))
                case CloseSession(market, day):
                    key = EventKey(market, day, "close")
                    if self.record.end(key, "done"):
                        self.completed.append((now, key))


def instants(start: datetime, end: datetime, every: timedelta) -> Iterable[datetime]:
    """From `start` until before `end`, at even steps."""
    while start < end:
        yield start
        start += every
