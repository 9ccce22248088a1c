"""What is recorded of the sessions of a trading day, as it is shown."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import instant_text
from app.desk.events import events_of
from app.desk.models import MarketDataSnapshot, MarketEvent, SessionCertificate
from app.desk.snapshots import find_certificate, find_snapshot
from app.operations.desk import watched_markets
from app.stores import Stores

Form = dict[str, Any]


def session_records(stores: Stores, day: date, market: str | None = None) -> list[Form]:
    """The records of one market's session on a day, or of all that are watched or have any, the desk's market first.

    NotFound when there is no such market.
    """
    with stores.sessions() as session:
        if market is not None:
            names = [stores.markets.named(market).name]
        else:
            recorded = session.scalars(select(MarketEvent.market).where(MarketEvent.session_date == day).distinct())
            names = list(dict.fromkeys([*(one.name for one in watched_markets(stores, session)), *sorted(recorded)]))
        return [_record(stores, session, name, day) for name in names]


def certificate_form(certificate: SessionCertificate) -> Form:
    """A certificate as JSON shows it."""
    return {
        "verdict": certificate.verdict,
        "reasons": certificate.reasons,
        "figures": certificate.figures,
        "files": certificate.files,
        "made_at": instant_text(certificate.made_at),
    }


def _record(stores: Stores, session: Session, market: str, day: date) -> Form:
    hours = stores.markets.named(market).session(day)
    snapshot, certificate = find_snapshot(session, market, day), find_certificate(session, market, day)
    return {
        "market": market,
        "session_open": instant_text(hours.open) if hours else None,
        "session_close": instant_text(hours.close) if hours else None,
        "events": [_event_form(event) for event in events_of(session, market, day)],
        "snapshot": _snapshot_form(snapshot) if snapshot else None,
        "certificate": certificate_form(certificate) if certificate else None,
    }


def _event_form(event: MarketEvent) -> Form:
    return {
        "event": event.event,
        "due_at": instant_text(event.due_at),
        "status": event.status,
        "reason": event.reason,
        "started_at": _text(event.started_at),
        "done_at": _text(event.done_at),
        "late_s": event.late_s,
        "detail": event.detail,
    }


def _snapshot_form(snapshot: MarketDataSnapshot) -> Form:
    return {
        "created_at": instant_text(snapshot.created_at),
        "completed_at": _text(snapshot.completed_at),
        "ticks": snapshot.ticks,
        "symbols": snapshot.symbols,
        "first_ts": _text(snapshot.first_ts),
        "last_ts": _text(snapshot.last_ts),
        "by_symbol": snapshot.by_symbol,
        "baseline": snapshot.baseline,
        "quality": snapshot.quality,
    }


def _text(instant: datetime | None) -> str | None:
    return instant_text(instant) if instant else None
