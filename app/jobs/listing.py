"""Looking at signals and predictions. Nothing here commits."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.jobs.models import Prediction, Signal


def newest_signals(session: Session, symbols: Collection[str] | None = None) -> list[Signal]:
    """The signal of each symbol that knew most, by symbol; of those about the same instant, the latest one."""
    newest = select(Signal).ext(distinct_on(Signal.symbol))
    if symbols is not None:
        newest = newest.where(Signal.symbol.in_(symbols))
    return list(session.scalars(newest.order_by(Signal.symbol, Signal.asof.desc(), Signal.id.desc())))


def list_predictions(
    session: Session,
    *,
    symbol: str | None = None,
    horizon: str | None = None,
    resolved: bool | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Prediction]:
    """Predictions, the latest made first: those of a symbol, of a horizon, with or without an end, and before a number.

    An end is an outcome, or that there will be none.
    """
    query = select(Prediction).order_by(Prediction.id.desc()).limit(limit)
    if symbol is not None:
        query = query.where(Prediction.symbol == symbol)
    if horizon is not None:
        query = query.where(Prediction.horizon == horizon)
    if resolved is not None:
        query = query.where(Prediction.resolved_at.is_not(None) == resolved)
    return list(session.scalars(query if before is None else query.where(Prediction.id < before)))
