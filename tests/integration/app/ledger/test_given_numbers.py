from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.ledger.given_numbers import last_numbers, save_last_numbers, sources_that_gave
from tests.factories import DAY

EARLIER, LATER = DAY - timedelta(days=1), DAY + timedelta(days=1)


def test_the_last_numbers_of_a_days_epochs_are_told_with_those_of_the_days_before(db_session: Session) -> None:
    save_last_numbers(
        db_session,
        {
            ("EXCEL", 5, EARLIER): 51,
            ("EXCEL", 5, DAY): 52,
            ("EXCEL", 5, LATER): 53,
            ("EXCEL", 4, EARLIER): 41,
            ("SCHWAB", 5, DAY): 59,
        },
    )

    found = last_numbers(db_session, "EXCEL", DAY)

    assert sorted((one.day, one.epoch, one.seq) for one in found) == [(EARLIER, 5, 51), (DAY, 5, 52)]
    assert sources_that_gave(db_session, DAY) == {"EXCEL", "SCHWAB"}


def test_a_last_number_never_shrinks_and_keeps_the_time_at_which_it_became_known(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        before = session.scalars(select(func.clock_timestamp())).one()
        save_last_numbers(session, {("EXCEL", 5, DAY): 52})
    with sessions.begin() as session:
        [known] = last_numbers(session, "EXCEL", DAY)
        save_last_numbers(session, {("EXCEL", 5, DAY): 52})
        save_last_numbers(session, {("EXCEL", 5, DAY): 50})
        unchanged = last_numbers(session, "EXCEL", DAY)
        save_last_numbers(session, {("EXCEL", 5, DAY): 53})
        [grown] = last_numbers(session, "EXCEL", DAY)

    assert unchanged == [known]
    assert before < known.told_at < grown.told_at
    assert grown.seq == 53
