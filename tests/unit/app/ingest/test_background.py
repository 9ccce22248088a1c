from threading import Event, current_thread

import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from app.ingest.background import in_background


def test_a_call_is_made_in_a_thread_of_that_name_that_the_process_does_not_wait_for():
    seen = []

    in_background("at-work", lambda: seen.append((current_thread().name, current_thread().daemon))).result(5)

    assert seen == [("at-work", True)]


def test_whoever_started_it_goes_on_meanwhile():
    go_on = Event()

    done = in_background("slow", lambda: go_on.wait(5) and None)
    was_done = done.done()
    go_on.set()

    assert done.result(5) is None
    assert not was_done


def test_an_exception_is_told():
    def fail():
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        in_background("bad", fail).result(5)


def test_a_thread_is_named_in_its_lines_like_who_started_it():
    found = {}

    with bound_contextvars(task_id="t1"):
        in_background("one", lambda: found.update(get_contextvars())).result(10)

    assert found == {"task_id": "t1"}
