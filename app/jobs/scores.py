"""How the predictions of models had done when a session was over, kept for good. Nothing here commits."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.jobs.models import Prediction, PredictionScore
from app.jobs.track_record import figures_of, read_records
from app.market.market import Market
from app.market.sessions import Session as Hours

# How far back sessions are caught up with, and for how long a symbol is scored that is not predicted any more.
KEPT: Final = timedelta(days=92)
# From then on an outcome that is still not known is not waited for, unless some are being filled in just now.
WAITED: Final = timedelta(days=1)
QUIET: Final = timedelta(minutes=10)
# A calendar has no longer time without a session.
_LONGEST_PAUSE: Final = timedelta(days=10)


def due_sessions(session: Session, market: Market, now: datetime) -> list[date]:
    """The sessions of the market that are over and have no scores, oldest first, as far as it is their turn.

    Of the last 92 days, those with predictions. A session is over when it has closed and every prediction about a time
    in it, its close included, has its outcome or none for ever; or a day later, once no outcome is being filled in. One
    that is not over holds up those after it.
    """
    last = session.scalar(select(func.max(PredictionScore.session_date)))
    hours = [one for one in _closed(market, now) if last is None or one[1].day > last]
    if not hours:
        return []
    first = session.scalar(select(func.min(Prediction.target_ts)).where(_ahead(), Prediction.target_ts > hours[0][0]))
    return [] if first is None else list(_due(session, [one for one in hours if one[1].close >= first], now))


def score_session(session: Session, market: Market, day: date, now: datetime) -> int:
    """Keep how the predictions of every model did up to the close of a session; returns for how many series of them.

    One row for each model, symbol and horizon with an outcome in the 92 days before, once: what is there stays. Only
    what was predicted, and is about a time, up to the close counts, so that a session which is caught up with has the
    figures that it would have had on time. Nothing is kept while the session is not over.
    """
    hours = market.session(day)
    found = [one for one in _closed(market, now) if hours is not None and one[1].day == day]
    if not found or not _is_over(session, *found[0], now):
        return 0
    rows = list(_rows(session, found[0][1], now))
    if not rows:
        return 0
    kept = insert(PredictionScore).on_conflict_do_nothing().returning(PredictionScore.id)
    return len(session.scalars(kept, rows).all())


def _closed(market: Market, now: datetime) -> list[tuple[datetime, Hours]]:
    """The sessions that have closed, each with the close of the one before."""
    begin, end = (now - KEPT - _LONGEST_PAUSE).date(), now.date() + timedelta(days=2)
    found = [one for one in market.sessions(begin, end) if one.close <= now]
    return [(before.close, one) for before, one in pairwise(found) if one.close > now - KEPT]


def _due(session: Session, hours: Sequence[tuple[datetime, Hours]], now: datetime) -> Iterator[date]:
    for begin, one in hours:
        if not session.scalar(select(_any(_in(begin, one.close)))):
            continue
        if not _is_over(session, begin, one, now):
            return
        if session.scalar(select(_any(_in(one.close - KEPT, one.close), Prediction.outcome.is_not(None)))):
            yield one.day


def _is_over(session: Session, begin: datetime, hours: Hours, now: datetime) -> bool:
    if not session.scalar(select(_any(_in(begin, hours.close), Prediction.resolved_at.is_(None)))):
        return True
    # After an outage old outcomes are filled in some at a time.
    lately = Prediction.resolved_at > now - QUIET
    return now >= hours.close + WAITED and not session.scalar(
        select(_any(_in(hours.close - KEPT, hours.close), lately))
    )


def _rows(session: Session, hours: Hours, now: datetime) -> Iterator[dict[str, Any]]:
    known = (_in(hours.close - KEPT, hours.close), Prediction.outcome.is_not(None))
    for model_id in session.scalars(select(Prediction.model_id).where(*known).distinct()).all():
        for (symbol, horizon), record in read_records(session, model_id, until=hours.close).items():
            if record.newest is None or record.newest <= hours.close - KEPT:
                continue
            figures = figures_of(record, hours.close)
            yield {
                "model_id": model_id,
                "symbol": symbol,
                "horizon": horizon,
                "session_date": hours.day,
                "scored_at": now,
                "outcomes": record.rows.known,
                "degraded": figures["degradation"]["degraded"],
                "figures": figures,
            }


def _any(*wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(Prediction.id).where(*wanted).exists()


def _in(begin: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(_ahead(), Prediction.target_ts > begin, Prediction.target_ts <= end)


def _ahead() -> ColumnElement[bool]:
    return Prediction.made_at < Prediction.target_ts
