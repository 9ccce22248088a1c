from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.ledger.gap_evidence import LocatedLoss, Span, losses_of_day
from app.ledger.losses import record_loss, record_trimmed
from app.ledger.models import Loss
from app.ledger.numbers import Stretch
from tests.factories import DAY

KEY = ("SCHWAB", "ES", DAY)


def test_the_numbers_of_dropped_quotes_are_known_where_they_were_told(db_session: Session) -> None:
    record_loss(db_session, "collector_drop", "a", 2, *KEY, detail={"first_seq": "7", "last_seq": str(2**62)})
    record_loss(db_session, "collector_drop", "b", 3, *KEY)

    assert losses_of_day(db_session, "SCHWAB", DAY) == [
        LocatedLoss("collector_drop", "ES", 2, numbers=Stretch(7, 2**62)),
        LocatedLoss("collector_drop", "ES", 3),
    ]


def test_what_was_trimmed_unread_was_there_between_the_last_reading_and_the_next(db_session: Session) -> None:
    record_loss(
        db_session, "trimmed_unread", "redis:0af:9000-1", 5, detail={"after_id": "4000-7", "before_id": "8000-0"}
    )
    assign(db_session, *KEY, 5)

    [loss] = losses_of_day(db_session, "SCHWAB", DAY)

    assert (loss.kind, loss.count, loss.span) == ("trimmed_unread", 5, Span(at(4), at(9)))


def test_before_anything_was_read_only_the_end_is_known(db_session: Session) -> None:
    record_loss(db_session, "trimmed_unread", "redis:0af:9000-1", 5, detail={"after_id": "0-0", "before_id": ""})
    assign(db_session, *KEY, 5)

    assert [loss.span for loss in losses_of_day(db_session, "SCHWAB", DAY)] == [Span(None, at(9))]


def test_entries_that_went_one_by_one_within_a_second_are_one_loss(db_session: Session) -> None:
    record_trimmed(db_session, "0af", ["4000-0", "4001-0", "4999-3", "6000-0"])
    assign(db_session, *KEY, 1)

    found = losses_of_day(db_session, "SCHWAB", DAY)

    assert [(loss.count, loss.span) for loss in found] == [(3, Span(at(4), at(4))), (1, Span(at(6), at(6)))]
    assert len({loss.assigned_at for loss in found}) == 1


@pytest.mark.parametrize("detail", [{"first_seq": "x", "last_seq": "9"}, {"first_seq": "1"}, {"last_seq": "9" * 40}])
def test_numbers_that_cannot_be_read_are_not_known(db_session: Session, detail: dict[str, Any]) -> None:
    record_loss(db_session, "collector_drop", "a", 2, *KEY, detail=detail)

    assert losses_of_day(db_session, "SCHWAB", DAY) == [LocatedLoss("collector_drop", "ES", 2)]


def test_losses_of_others_are_left_out(db_session: Session) -> None:
    record_loss(db_session, "unexplained", "a", 2, "EXCEL", "ES", DAY)
    record_loss(db_session, "trimmed_unread", "redis:0af:9000-1", 5)

    assert losses_of_day(db_session, "SCHWAB", DAY) == []


def assign(session: Session, source: str, symbol: str, day: Any, count: int) -> None:
    """Say of so many events of each loss without a key that they were of this one."""
    for parent in session.scalars(select(Loss).where(Loss.symbol.is_(None))).all():
        record_loss(session, parent.kind, f"part:{parent.id}:0", count, source, symbol, day, parent_id=parent.id)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
