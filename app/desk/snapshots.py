"""Snapshots and certificates of sessions. Nothing here commits."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.desk.models import MarketDataSnapshot, SessionCertificate
from app.market.sessions import Session as Hours


def create_snapshot(session: Session, market: str, hours: Hours, baseline: Mapping[str, Any], now: datetime) -> bool:
    """Begin the snapshot of a session; False when it has one."""
    values = {
        "market": market,
        "session_date": hours.day,
        "opens_at": hours.open,
        "closes_at": hours.close,
        "created_at": now,
        "baseline": dict(baseline),
    }
    statement = insert(MarketDataSnapshot).values(values).on_conflict_do_nothing()
    return session.scalar(statement.returning(MarketDataSnapshot.market)) is not None


def find_snapshot(session: Session, market: str, day: date) -> MarketDataSnapshot | None:
    """The snapshot of a session; None when there is none."""
    return session.get(MarketDataSnapshot, (market, day), populate_existing=True)


def note_quality(session: Session, market: str, day: date, quality: Mapping[str, Any]) -> None:
    """Keep the figures of a running session; those of a completed one stay."""
    running = (
        MarketDataSnapshot.market == market,
        MarketDataSnapshot.session_date == day,
        MarketDataSnapshot.completed_at.is_(None),
    )
    session.execute(update(MarketDataSnapshot).where(*running).values(quality=dict(quality)))


def save_certificate(session: Session, certificate: SessionCertificate) -> None:
    """Keep a certificate in the place of an older one of the same session."""
    session.merge(certificate)


def find_certificate(session: Session, market: str, day: date) -> SessionCertificate | None:
    """The certificate of a session; None when there is none."""
    return session.get(SessionCertificate, (market, day), populate_existing=True)


def certificates_of(session: Session, days: Collection[date]) -> dict[tuple[str, date], SessionCertificate]:
    """The certificates of trading days, by market and day."""
    found = session.scalars(select(SessionCertificate).where(SessionCertificate.session_date.in_(days)))
    return {(one.market, one.session_date): one for one in found}


def certificates_between(session: Session, first: date, last: date) -> list[SessionCertificate]:
    """The certificates of the sessions from a day to another, both included, by day and market."""
    days = (SessionCertificate.session_date >= first, SessionCertificate.session_date <= last)
    ordered = (
        select(SessionCertificate).where(*days).order_by(SessionCertificate.session_date, SessionCertificate.market)
    )
    return list(session.scalars(ordered.execution_options(populate_existing=True)))
