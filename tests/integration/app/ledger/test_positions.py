from datetime import UTC, datetime, timedelta

from app.ledger.positions import read_position, save_position

NOW = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)


def test_a_position_is_kept_by_group_and_the_last_one_counts(db_session):
    save_position(db_session, "one", "g1", "5-0", NOW)
    save_position(db_session, "two", "g1", "3-0", NOW)
    save_position(db_session, "one", "g2", "4-1", NOW + timedelta(seconds=15))

    assert (read_position(db_session, "one"), read_position(db_session, "two")) == (("g2", "4-1"), ("g1", "3-0"))


def test_before_the_first_there_is_none(db_session):
    assert read_position(db_session, "one") is None
