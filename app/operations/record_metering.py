"""What the tables know of days, files, sessions and messages, for machines: numbers by name, and there by label."""

from datetime import UTC, date, datetime, time
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.alerts.models import AlertDelivery
from app.desk.models import MarketEvent, SessionCertificate
from app.lake.models import LakeFile
from app.operations.session_health import overdue_events
from app.stores import Stores

Numbers = dict[str, dict[tuple[str, ...], float]]
_STATE: Final = case(
    (AlertDelivery.sent_at.is_not(None), "sent"),
    (AlertDelivery.gave_up_at.is_(None), "waiting"),
    (AlertDelivery.dropped != "", "dropped"),
    else_="given_up",
)


def read_records(stores: Stores, session: Session) -> Numbers:
    """`lake_…` by kind, `event…` by market and event, `certificate…` by market, `message…` by channel.

    Days are told as the second at which they begin in UTC.
    """
    now = stores.clock.now()
    return _lake(session) | _events(stores, session, now) | _certificates(session) | _messages(session, now)


def _lake(session: Session) -> Numbers:
    figures = (func.count(), func.sum(LakeFile.rows), func.sum(LakeFile.bytes), func.count(LakeFile.damage))
    grouped = select(LakeFile.kind, func.max(LakeFile.session_date), *figures).group_by(LakeFile.kind)
    numbers: Numbers = {}
    for kind, newest, *counts in session.execute(grouped):
        numbers.setdefault("lake_newest_day", {})[kind,] = _begin(newest)
        for name, count in zip(("files", "rows", "bytes", "damaged"), counts, strict=True):
            numbers.setdefault(f"lake_{name}", {})[kind,] = float(count)
    return numbers


def _events(stores: Stores, session: Session, now: datetime) -> Numbers:
    key = (MarketEvent.market, MarketEvent.event)
    numbers: Numbers = {"events": {}, "event_late_s": {}, "events_overdue": {}}
    for market, event, status, count in session.execute(
        select(*key, MarketEvent.status, func.count()).group_by(*key, MarketEvent.status)
    ):
        numbers["events"][market, event, status] = float(count)
        numbers["events_overdue"][market, event] = 0.0
    newest = select(*key, MarketEvent.late_s).where(MarketEvent.late_s.is_not(None)).ext(distinct_on(*key))
    for market, event, late_s in session.execute(newest.order_by(*key, MarketEvent.session_date.desc())):
        numbers["event_late_s"][market, event] = float(late_s or 0)
    for one in overdue_events(stores, session, now):
        numbers["events_overdue"][one.market, one.event] += 1
    return numbers


def _certificates(session: Session) -> Numbers:
    key = (SessionCertificate.market, SessionCertificate.verdict)
    grouped = select(*key, func.max(SessionCertificate.session_date), func.count()).group_by(*key)
    numbers: Numbers = {"certificates": {}, "certificate_newest_day": {}}
    for market, verdict, newest, count in session.execute(grouped):
        numbers["certificates"][market, verdict] = float(count)
        days = numbers["certificate_newest_day"]
        days[market,] = max(days.get((market,), 0.0), _begin(newest))
    return numbers


def _messages(session: Session, now: datetime) -> Numbers:
    counted = session.execute(
        select(AlertDelivery.channel, _STATE, func.count()).group_by(AlertDelivery.channel, _STATE)
    )
    waiting = AlertDelivery.sent_at.is_(None), AlertDelivery.gave_up_at.is_(None), AlertDelivery.due_at <= now
    oldest = session.scalar(select(func.min(AlertDelivery.due_at)).where(*waiting))
    return {
        "messages": {(channel, state): float(count) for channel, state, count in counted},
        "message_oldest_due_s": {(): (now - oldest).total_seconds() if oldest else 0.0},
    }


def _begin(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()
