from contextlib import ExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.ingest.session_names import end_sessions, name_connection, name_session

NAME = text("SELECT current_setting('application_name')")


def test_a_session_bears_the_name_of_the_consumer_that_uses_it(sessions):
    with sessions() as session:
        name_session(session, "one")
        first = session.scalar(NAME)
        name_session(session, "two")

        assert (first, session.scalar(NAME)) == ("thor ingest one", "thor ingest two")


def test_a_connection_that_commits_by_itself_keeps_the_name_beyond_a_failed_transaction(sessions):
    with sessions.kw["bind"].connect() as connection:
        with sessions(bind=connection.execution_options(isolation_level="AUTOCOMMIT")) as session:
            name_connection(session, "one")
        with sessions(bind=connection.execution_options(isolation_level="READ COMMITTED")) as session:
            name_session(session, "two")
            session.rollback()

            assert session.scalar(NAME) == "thor ingest one"


def test_work_under_way_is_ended_for_the_consumers_named_and_for_no_other(sessions):
    with ExitStack() as stack:
        one, two, judge = (stack.enter_context(sessions()) for _ in range(3))
        for session, consumer in ((one, "one"), (two, "two")):
            name_session(session, consumer)
            session.execute(text("SELECT 1"))

        ended = end_sessions(judge, ["one", "three"])

        assert ended == 1
        assert two.scalar(text("SELECT 2")) == 2
        with pytest.raises(OperationalError):
            one.scalar(text("SELECT 1"))
        one.invalidate()


def test_a_session_that_does_nothing_is_left_alone(sessions):
    with sessions() as idle, sessions() as judge:
        idle.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        name_connection(idle, "one")

        assert end_sessions(judge, ["one"]) == 0
