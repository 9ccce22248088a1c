"""What the ladders came to. Nothing here commits."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from app.premarket.models import PremarketReport

Verdict = Literal["READY", "DEGRADED", "LATE", "MISSING"]


def find_report(session: Session, market: str, day: date) -> PremarketReport | None:
    """What the ladder of a day came to up to now; None when it was never planned."""
    return session.get(PremarketReport, (market, day), populate_existing=True)


def latest_report(session: Session, market: str, *, made: bool = False) -> PremarketReport | None:
    """The row of the last day whose ladder was planned, or, of those whose report is made, the last one."""
    query = select(PremarketReport).where(PremarketReport.market == market)
    if made:
        query = query.where(PremarketReport.made_at.is_not(None))
    return session.scalar(query.order_by(PremarketReport.session_date.desc()).limit(1))


def list_reports(session: Session, market: str, before: date | None = None, limit: int = 30) -> list[PremarketReport]:
    """The rows of a market's ladders, the latest day first; their documents are read when they are asked for."""
    query = select(PremarketReport).options(defer(PremarketReport.document)).where(PremarketReport.market == market)
    if before is not None:
        query = query.where(PremarketReport.session_date < before)
    return list(session.scalars(query.order_by(PremarketReport.session_date.desc()).limit(limit)))


def keep_report(
    session: Session,
    market: str,
    day: date,
    document: Mapping[str, Any],
    *,
    job_id: int | None,
    asof: datetime,
    now: datetime,
) -> bool:
    """Keep a day's report; False, and nothing changed, when there is one."""
    values = {
        "document": dict(document),
        "sha256": hashlib.sha256(report_text(document).encode()).hexdigest(),
        "job_id": job_id,
        "asof": asof,
        "made_at": now,
    }
    own = (PremarketReport.market == market, PremarketReport.session_date == day, PremarketReport.made_at.is_(None))
    kept = update(PremarketReport).where(*own).values(values).returning(PremarketReport.market)
    return session.scalar(kept) is not None


def set_verdict(session: Session, market: str, day: date, verdict: Verdict | None, reasons: Sequence[str]) -> bool:
    """Keep the verdict on a day's ladder; whether it is another one than before."""
    row = find_report(session, market, day)
    if row is None or (row.verdict, row.reasons) == (verdict, list(reasons)):
        return False
    row.verdict, row.reasons = verdict, list(reasons)
    session.flush()
    return True


def note_verified(session: Session, market: str, day: date, now: datetime) -> None:
    """Note that the cache was found to hold the report at the open."""
    own = (PremarketReport.market == market, PremarketReport.session_date == day)
    session.execute(update(PremarketReport).where(*own).values(verified_at=now))


def report_text(document: Mapping[str, Any]) -> str:
    """The report as text, the same however its parts were ordered."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
