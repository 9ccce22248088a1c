from threading import Event

import pytest

from app.ingest.writer_thread import WriterThread


@pytest.fixture
def thread():
    thread = WriterThread()
    yield thread
    thread.close(5)


def test_calls_are_made_in_order(thread):
    made = []

    for number in range(100):
        last = thread.submit(lambda number=number: made.append(number))
    last.result(5)

    assert made == list(range(100))


def test_an_exception_is_told_and_the_next_call_is_made_all_the_same(thread):
    def fail():
        raise ValueError("bad")

    failed, done = thread.submit(fail), thread.submit(lambda: None)

    with pytest.raises(ValueError, match="bad"):
        failed.result(5)
    assert done.result(5) is None


def test_closing_waits_for_the_present_call_and_makes_no_other(thread):
    started, go_on, made = Event(), Event(), []

    def hang():
        started.set()
        go_on.wait(5)
        made.append("present")

    thread.submit(hang)
    waiting = thread.submit(lambda: made.append("next"))
    started.wait(5)
    left_behind = not thread.close(0)
    go_on.set()

    assert left_behind
    assert thread.close(5)
    assert (made, waiting.cancelled()) == (["present"], True)
