"""The last numbers that sources gave, by epoch and trading day, as far as Redis has told. Nothing here commits."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.models import GivenNumber

_KEY = ("source", "epoch", "session_date")


class LastNumber(NamedTuple):
    """The last number of an epoch on a trading day, and the database's time by which it was published."""

    day: date
    epoch: int
    seq: int
    told_at: datetime


def save_last_numbers(session: Session, numbers: Mapping[tuple[str, int, date], int]) -> None:
    """Remember last numbers by (source, epoch, trading day); one that is lower than the known one is ignored."""
    before = _known(session, {epoch for _source, epoch, _day in numbers})
    grown = sorted((key, number) for key, number in numbers.items() if number > before.get(key, -1))
    if not grown:
        return
    # Sorted, so that two writers take their locks in the same order. Not the time at which the transaction began,
    # because the number may be younger.
    now = func.clock_timestamp()
    rows = [dict(zip(_KEY, key, strict=True), last_seq=number, told_at=now) for key, number in grown]
    merge = insert(GivenNumber).values(rows)
    known, told = GivenNumber.last_seq, merge.excluded.last_seq
    values = {"last_seq": told, "told_at": merge.excluded.told_at}
    session.execute(merge.on_conflict_do_update(index_elements=_KEY, set_=values, where=known < told))


def sources_that_gave(session: Session, day: date) -> set[str]:
    """The sources that are known to have given numbers to events of a trading day."""
    return set(session.scalars(select(GivenNumber.source).where(GivenNumber.session_date == day).distinct()))


def last_numbers(session: Session, source: str, day: date) -> list[LastNumber]:
    """The last numbers of the epochs that a source used on a trading day: on that day, and on the days before it."""
    epochs = select(GivenNumber.epoch).where(GivenNumber.source == source, GivenNumber.session_date == day)
    query = select(GivenNumber.session_date, GivenNumber.epoch, GivenNumber.last_seq, GivenNumber.told_at).where(
        GivenNumber.source == source, GivenNumber.session_date <= day, GivenNumber.epoch.in_(epochs)
    )
    return [LastNumber(*row) for row in session.execute(query)]


def last_numbers_since(session: Session, since: datetime) -> dict[tuple[str, int, date], int]:
    """Those last numbers by (source, epoch, trading day) that became known since an instant."""
    key = (GivenNumber.source, GivenNumber.epoch, GivenNumber.session_date)
    query = select(*key, GivenNumber.last_seq).where(GivenNumber.told_at >= since)
    return {(source, epoch, day): number for source, epoch, day, number in session.execute(query)}


def _known(session: Session, epochs: Collection[int]) -> dict[tuple[str, int, date], int]:
    names = (GivenNumber.source, GivenNumber.epoch, GivenNumber.session_date)
    query = select(*names, GivenNumber.last_seq).where(GivenNumber.epoch.in_(epochs))
    return {(source, epoch, day): number for source, epoch, day, number in session.execute(query)}
