"""Sums of the ledger, for people and for metrics. Nothing here commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.ledger.balance import Balance, Verdict
from app.ledger.models import DeadLetter, Loss, Reconciliation

LossKind = Literal["trimmed_unread", "trimmed_pending", "stream_reset", "collector_drop", "unexplained"]
LOSS_KINDS: Final[tuple[str, ...]] = get_args(LossKind)
COUNTS: Final = ("published", "stored", "dead", "duplicates", "lost", "in_flight")
# The verdict of many balances is the gravest of theirs.
_GRAVITY: Final[Sequence[Verdict]] = ("unexplained", "in_flight", "surplus", "balanced")


@dataclass(frozen=True)
class LossFilter:
    """Which losses are meant; None = any."""

    kind: str | None = None
    source: str | None = None
    symbol: str | None = None
    day: date | None = None


def gravest(balances: Sequence[Balance]) -> Verdict:
    """The verdict of all the balances together; balanced when there are none."""
    found = {balance.verdict for balance in balances}
    return next((verdict for verdict in _GRAVITY if verdict in found), "balanced")


def sum_balances(balances: Sequence[Balance]) -> dict[str, int]:
    """The sums of what balances count, by the names of `COUNTS`."""
    return {name: sum(getattr(balance, name) for balance in balances) for name in COUNTS}


def sum_all_balances(session: Session) -> dict[str, int]:
    """The sums over everything that was ever balanced, by the names of `COUNTS`."""
    sums = session.execute(
        select(*(func.coalesce(func.sum(getattr(Reconciliation, name)), 0) for name in COUNTS))
    ).one()
    return {name: int(total) for name, total in zip(COUNTS, sums, strict=True)}


def balanced_at(session: Session, day: date) -> datetime | None:
    """When a trading day was last balanced; None when it never was."""
    return session.scalar(select(func.max(Reconciliation.at)).where(Reconciliation.session_date == day))


def has_open_balances(session: Session) -> bool:
    """Whether events of any day were in flight or unexplained when it was last balanced."""
    is_open = Reconciliation.verdict.in_(("in_flight", "unexplained"))
    return session.scalar(select(Reconciliation.symbol).where(is_open).limit(1)) is not None


def sum_losses(session: Session) -> dict[str, int]:
    """Events ever lost by kind, every kind present; each event is counted once, known by symbol or not."""
    query = select(Loss.kind, func.sum(Loss.count)).where(Loss.parent_id.is_(None)).group_by(Loss.kind)
    found: Any = session.execute(query)
    return dict.fromkeys(LOSS_KINDS, 0) | {kind: int(total) for kind, total in found}


def unexplained_since(session: Session, start: datetime) -> int:
    """Events found missing from `start` on which nothing explains."""
    missing = select(func.sum(Loss.count)).where(Loss.kind == "unexplained", Loss.observed_at >= start)
    return int(session.scalar(missing) or 0)


def read_losses(session: Session, wanted: LossFilter, limit: int | None, before: int | None = None) -> list[Loss]:
    """Up to `limit` losses, newest first; `before` is the id of the last one of the page before."""
    query = select(Loss).where(*_conditions(wanted)).order_by(Loss.id.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(Loss.id < before)))


def count_dead_letters(session: Session) -> dict[str, int]:
    """Dead letters by state, every state present."""
    found = session.execute(select(DeadLetter.state, func.count()).group_by(DeadLetter.state)).all()
    return {"open": 0, "redriven": 0, "discarded": 0} | dict(found)


def _conditions(wanted: LossFilter) -> list[ColumnElement[bool]]:
    asked: list[tuple[ColumnElement[Any], object]] = [
        (Loss.kind.expression, wanted.kind),
        (Loss.source.expression, wanted.source),
        (Loss.symbol.expression, wanted.symbol),
        (Loss.session_date.expression, wanted.day),
    ]
    return [column == value for column, value in asked if value is not None]
