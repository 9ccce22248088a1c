from sqlalchemy import select

from app.ledger.losses import record_loss, record_trimmed
from app.ledger.models import Loss
from tests.factories import DAY


def losses(session):
    return session.scalars(select(Loss).order_by(Loss.id)).all()


def test_a_loss_is_kept_with_all_that_is_known_of_it(db_session):
    assert record_loss(db_session, "collector_drop", "redis:g:1-0", 7, "EXCEL", "ES", DAY, {"spool": "full"})

    [loss] = losses(db_session)
    assert (loss.kind, loss.ref, loss.count) == ("collector_drop", "redis:g:1-0", 7)
    assert (loss.source, loss.symbol, loss.session_date) == ("EXCEL", "ES", DAY)
    assert (loss.detail, loss.parent_id) == ({"spool": "full"}, None)


def test_the_same_evidence_is_counted_once(db_session):
    assert record_loss(db_session, "trimmed_unread", "redis:g:1-0", 400)

    assert not record_loss(db_session, "trimmed_unread", "redis:g:1-0", 999)
    assert [loss.count for loss in losses(db_session)] == [400]


def test_a_part_points_to_the_whole(db_session):
    record_loss(db_session, "trimmed_unread", "whole", 3)
    [whole] = losses(db_session)

    record_loss(db_session, "trimmed_unread", "part", 2, "REPLAY", "ES", DAY, parent_id=whole.id)

    assert [loss.parent_id for loss in losses(db_session)] == [None, whole.id]


def test_entries_that_were_trimmed_are_counted_one_by_one_and_once(db_session):
    assert record_trimmed(db_session, "g", ["1-0", "2-0", "2-0"]) == 2
    assert record_trimmed(db_session, "g", ["2-0", "3-0"]) == 1
    assert record_trimmed(db_session, "another stream", ["2-0"]) == 1

    assert {loss.kind for loss in losses(db_session)} == {"trimmed_pending"}
    assert sum(loss.count for loss in losses(db_session)) == 4


def test_any_number_of_trimmed_entries_is_counted(db_session):
    assert record_trimmed(db_session, "g", [f"{number}-0" for number in range(2_500)]) == 2_500
    assert record_trimmed(db_session, "g", []) == 0
