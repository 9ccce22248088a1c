from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import text

from app.errors import Conflict
from app.lake.locks import file_lock, files_lock, is_being_written
from tests.factories import DAY

DEADLINE_S = 20
HOLDERS = """
FROM pg_locks WHERE locktype = 'advisory' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def test_a_second_writer_of_the_same_file_is_refused_after_its_patience(sessions):
    with file_lock(sessions, DAY, "ES"):
        refused = pytest.raises(Conflict, match="another process is writing the files of ES")
        with refused, file_lock(sessions, DAY, "ES", wait_s=0.1):
            pass
        with file_lock(sessions, DAY, "NQ", wait_s=0):
            pass


def test_a_second_writer_goes_on_when_the_first_is_done(sessions):
    begun, order = Event(), []

    def second():
        begun.set()
        with file_lock(sessions, DAY, "ES", wait_s=DEADLINE_S):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with file_lock(sessions, DAY, "ES"):
            waiting = pool.submit(second)
            begun.wait(DEADLINE_S)
            order.append("first")
        waiting.result(DEADLINE_S)

    assert order == ["first", "second"]


def test_others_can_tell_that_a_file_is_being_written(sessions):
    with sessions() as session:
        with file_lock(sessions, DAY, "ES"):
            assert [is_being_written(session, DAY, symbol) for symbol in ("ES", "NQ")] == [True, False]

        assert not is_being_written(session, DAY, "ES")


def test_the_lock_is_free_after_an_error(sessions):
    with pytest.raises(RuntimeError), file_lock(sessions, DAY, "ES"):
        raise RuntimeError

    with sessions() as session:
        assert session.scalar(text(f"SELECT count(*) {HOLDERS}")) == 0


def test_holding_it_is_no_transaction_that_a_server_would_end(sessions):
    with file_lock(sessions, DAY, "ES") as still_held, sessions() as session:
        states = session.scalars(
            text("SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        ).all()

        assert "idle in transaction" not in states
        still_held()


def test_a_lock_that_was_lost_is_noticed_before_the_deed(sessions):
    with file_lock(sessions, DAY, "ES") as still_held:
        with sessions() as session:
            session.execute(text(f"SELECT pg_terminate_backend(pid, 5000) {HOLDERS}"))

        with pytest.raises(Conflict, match="was lost"):
            still_held()


def test_several_files_are_held_by_one_connection_and_freed_together(sessions):
    symbols = ["NQ", "ES", "YM"]
    with files_lock(sessions, DAY, symbols) as still_held:
        still_held()
        with sessions() as session:
            holders = session.scalars(text(f"SELECT pid {HOLDERS}")).all()
        for symbol in symbols:
            with pytest.raises(Conflict, match=f"files of {symbol}"), file_lock(sessions, DAY, symbol, wait_s=0):
                pass

    assert (len(holders), len(set(holders))) == (3, 1)
    with files_lock(sessions, DAY, symbols, wait_s=0):
        pass


def test_one_file_that_another_holds_frees_the_rest(sessions):
    with file_lock(sessions, DAY, "NQ"):
        refused = pytest.raises(Conflict, match="another process is writing the files of NQ")
        with refused, files_lock(sessions, DAY, ["ES", "NQ"], wait_s=0):
            pass
        with file_lock(sessions, DAY, "ES", wait_s=0):
            pass
