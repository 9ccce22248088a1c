import threading
from datetime import UTC, datetime

import pytest

from app.collectors.excel.inbox import Frame
from app.collectors.excel.polling import Patience, SheetPoll, next_beat
from app.collectors.excel.readers import ExcelBusy, ExcelLost, SheetMissing
from app.collectors.feeds import BUSY, LOST, MISCONFIGURED, STREAMING
from tests.fakes import FixedClock
from tests.waiting import until

AT = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "now", "following"),
    [(10.0, 10.0, 10.5), (10.0, 10.4, 10.5), (10.0, 10.6, 11.0), (10.0, 13.1, 13.5), (10.0, 9, 10.5)],
)
def test_beats_that_a_long_read_has_missed_are_skipped(due, now, following):
    assert next_beat(due, now, 0.5) == following


def test_what_is_read_comes_with_the_time_of_the_read(poll):
    reading = poll([[[1]]])

    reading.look(0.0)
    until(lambda: reading.inbox.standing.reads > 2)

    assert reading.inbox.take() == [Frame(AT, [[1]])]


def test_a_busy_source_is_kept_and_read_on(poll, readers):
    reading = poll([[[1]], ExcelBusy("busy"), ExcelBusy("busy"), [[2]]])

    reading.look(0.0)
    until(lambda: reading.inbox.standing.state == BUSY or reading.inbox.standing.reads > 1)
    until(lambda: reading.inbox.standing.reads > 1)

    assert [frame.rows for frame in reading.inbox.take()] == [[[1]], [[2]]]
    assert [reader.is_closed for reader in readers] == [False]


@pytest.mark.parametrize(("trouble", "state"), [(ExcelLost("gone"), LOST), (SheetMissing("no file"), MISCONFIGURED)])
def test_a_lost_source_is_closed_and_another_attached_when_it_is_back(poll, readers, trouble, state):
    is_back = threading.Event()
    reading = poll([[[1]], trouble], [trouble], [is_back, [[2]]])

    reading.look(0.0)
    until(lambda: len(readers) == 3 and readers[2].waits)
    assert reading.inbox.standing.state == state
    is_back.set()
    until(lambda: reading.inbox.standing.reads > 2)

    assert [frame.rows for frame in reading.inbox.take()] == [[[1]], [[0]], [[2]]]
    assert (reading.inbox.standing.state, reading.inbox.standing.reconnects) == (STREAMING, 1)
    assert [reader.is_closed for reader in readers] == [True, True, False]


def test_an_error_that_nobody_foresaw_does_not_end_reading(poll, caplog):
    reading = poll([[[1]], ZeroDivisionError("oh")], [[[2]]])

    reading.look(0.0)
    until(lambda: reading.inbox.standing.reconnects)

    assert "ZeroDivisionError: oh" in caplog.text
    assert reading.inbox.standing.state == STREAMING


def test_a_read_that_does_not_come_back_is_told_as_busy_and_then_given_up(poll, readers):
    release = threading.Event()
    reading = poll([[[1]], release], [[[2]]])
    reading.look(0.0)
    until(lambda: len(readers) == 1 and readers[0].waits)
    since = reading.inbox.standing.reading_since

    assert reading.busy_s(since + 2.0) == 0.0
    assert reading.busy_s(since + 4.0) == 4.0
    reading.look(since + 29.0)
    assert len(readers) == 1

    reading.look(since + 31.0)
    until(lambda: reading.inbox.standing.reconnects == 1)
    release.set()
    until(lambda: readers[0].is_closed)
    assert [frame.rows for frame in reading.inbox.take()] == [[[1]], [[2]]]


def test_no_more_threads_hang_than_are_allowed(poll, readers):
    release = threading.Event()
    reading = poll(*[[release]] * 9)
    for number in range(1, 9):
        reading.look(1e9 * number)
        until(lambda: all(reader.waits for reader in readers) and readers)

    assert len(readers) == 1 + Patience().hung_threads
    assert reading.busy_s(1e9 * 9) > 1e9
    release.set()


def test_closing_ends_the_thread_and_its_reader(poll, readers):
    reading = poll([[[1]]])
    reading.look(0.0)
    until(lambda: reading.inbox.standing.reads)

    reading.close()

    assert readers[0].is_closed
    assert "excel-reader" not in {thread.name for thread in threading.enumerate() if thread.ident == readers[0].thread}


def test_closing_does_not_wait_for_a_source_that_is_away(poll):
    reading = poll(*[[ExcelLost("gone")]] * 50)
    reading.look(0.0)
    until(lambda: reading.inbox.standing.state == LOST)

    reading.close()


class ScriptedReader:
    """Gives what it was told to in order, raises what is an error, waits for what is an event; the last one stays."""

    def __init__(self, script):
        self._script = list(script)
        self.is_closed = self.waits = False
        self.thread = threading.get_ident()

    def read(self):
        assert threading.get_ident() == self.thread
        found = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(found, Exception):
            raise found
        if isinstance(found, threading.Event):
            self.waits = True
            found.wait()
            return [[0]]
        return found

    def close(self):
        self.is_closed = True


@pytest.fixture
def readers():
    return []


@pytest.fixture
def poll(readers):
    made = []

    def make_poll(*scripts):
        scripts = list(scripts)

        def make():
            readers.append(ScriptedReader(scripts.pop(0)))
            return readers[-1]

        patience = Patience(retry_first_s=0.01, retry_longest_s=0.02, close_s=10.0)
        made.append(SheetPoll(make, 0.005, FixedClock(AT), patience))
        return made[-1]

    yield make_poll
    for reading in made:
        reading.close()
