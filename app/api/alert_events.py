"""Alerts as server-sent events, read from their table."""

import json
import logging
import random
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.alerts.forms import alert_form
from app.alerts.models import Alert
from app.api.sse.feed import RETRY_MS
from app.api.sse.frames import greeting
from app.clock import Clock
from app.errors import ThorError

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
# A change is timed before it is committed, so that one may come to light after others that are later.
OVERLAP: Final = timedelta(seconds=60)
MOST_MISSED: Final = 500
State = tuple[str, datetime | None, datetime | None]


class AlertFeed:
    """What one client knows of the alerts, and up to when.

    An id tells that its client has heard of every alert which was over by then. Whoever comes back with one hears of
    those that were resolved since, and of all that are unresolved, as they are now; so no change is lost, and some are
    told twice.
    """

    def __init__(self, after: datetime | None, now: datetime) -> None:
        self.place = now if after is None else min(after, now)
        self._known: dict[int, State] = {}
        self._is_new, self._is_back = after is None, after is not None

    def look(self, session: Session, now: datetime) -> list[bytes]:
        """The frames of what changed; those of alerts that are over come first, in the order in which they ended."""
        rows = _present(session, self.place - OVERLAP)
        over = [row for row in rows if row.resolved_at is not None]
        frames: list[bytes] = []
        if self._is_back and len(over) > MOST_MISSED:
            self.place = now
            frames.append(_reset(now))
        # Of what was over before it came a new client hears nothing, nor of what it has lost count of.
        told = [row for row in rows if row.resolved_at is None] if self._is_new or frames else rows
        frames += [self._frame(row, now) for row in told if self._known.get(row.id) != _state(row)]
        self._known = {row.id: _state(row) for row in rows}
        self.place, self._is_new, self._is_back = max(self.place, now), False, False
        return frames

    def heartbeat(self) -> bytes:
        """A comment that keeps the connection, and moves the client's last id."""
        return f": hb\nid: {_ms(self.place)}\n\n".encode()

    def _frame(self, row: Alert, now: datetime) -> bytes:
        if row.resolved_at is not None:
            self.place = max(self.place, min(row.resolved_at, now))
        data = json.dumps(alert_form(row), separators=(",", ":"))
        return f"id: {_ms(self.place)}\nevent: alert\ndata: {data}\n\n".encode()


def alert_events(
    sessions: sessionmaker[Session], clock: Clock, after: datetime | None, heartbeat_s: float
) -> Iterator[bytes]:
    """Events for ever: every unresolved alert at once, then each that is raised, becomes worse, is acknowledged or
    resolved.

    With `after`, the instant of the last id that a client got, also those that were resolved since. While PostgreSQL is
    away there are comments alone.
    """
    feed, sent_s, is_away = AlertFeed(after, clock.now()), time.monotonic(), False
    yield greeting(random.randint(*RETRY_MS))
    while True:
        looked = _looked(feed, sessions, clock.now(), is_told=is_away)
        frames, is_away = looked or [], looked is None
        if not frames and time.monotonic() - sent_s >= heartbeat_s:
            frames = [feed.heartbeat()]
        if frames:
            sent_s = time.monotonic()
            yield b"".join(frames)
        time.sleep(min(LOOK_S, heartbeat_s))


def _looked(feed: AlertFeed, sessions: sessionmaker[Session], now: datetime, *, is_told: bool) -> list[bytes] | None:
    try:
        with sessions() as session:
            return feed.look(session, now)
    except (SQLAlchemyError, ThorError) as error:
        # Once for each time that it is away, and not every second.
        if not is_told:
            log.warning("the alerts cannot be read: %s", str(error).partition("\n")[0])
        return None


def _present(session: Session, since: datetime) -> Sequence[Alert]:
    wanted = or_(Alert.resolved_at.is_(None), Alert.resolved_at >= since)
    return session.scalars(select(Alert).where(wanted).order_by(Alert.resolved_at.nulls_last(), Alert.id)).all()


def _state(row: Alert) -> State:
    return row.severity, row.acknowledged_at, row.resolved_at


def _reset(now: datetime) -> bytes:
    data = json.dumps({"reason": f"more than {MOST_MISSED} alerts ended meanwhile: ask for /api/alerts?state=all"})
    return f"id: {_ms(now)}\nevent: reset\ndata: {data}\n\n".encode()


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
