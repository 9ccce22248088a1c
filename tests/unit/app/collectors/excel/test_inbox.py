import threading
from datetime import UTC, datetime

import pytest

from app.collectors.excel.inbox import Frame, Inbox
from app.collectors.feeds import BUSY, LOST, STREAMING

AT = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
OWNER = object()


def test_changed_frames_are_given_in_order_and_once(inbox):
    for last in (1, 1, 2, 1):
        put(inbox, last)

    assert [frame.rows for frame in inbox.take()] == [[[1]], [[2]], [[1]]]
    assert inbox.take() == []
    assert inbox.standing.reads == 4


def test_a_full_inbox_replaces_the_last_frame_and_counts_it(inbox):
    for last in range(6):
        put(inbox, last)

    assert [frame.rows for frame in inbox.take()] == [[[0]], [[1]], [[5]]]
    assert inbox.standing.replaced == 3


def test_only_the_owner_is_heard(inbox):
    put(inbox, 1)
    other = object()
    inbox.change_owner(other)

    put(inbox, 2)
    inbox.begin(OWNER, 1.0)
    assert not inbox.tell(OWNER, LOST, "gone", 1.0)
    assert [frame.rows for frame in inbox.take()] == [[[1]]]
    assert (inbox.standing.state, inbox.standing.reading_since) == (STREAMING, None)

    inbox.put(other, Frame(AT, [[3]]), 0.1)
    assert [frame.rows for frame in inbox.take()] == [[[3]]]


def test_a_source_that_was_lost_and_is_back_is_a_reconnect_and_one_that_was_busy_is_not(inbox):
    put(inbox, 1)
    inbox.tell(OWNER, BUSY, "busy", 5.0)
    put(inbox, 1)
    assert inbox.standing.reconnects == 0

    for _ in range(3):
        inbox.tell(OWNER, LOST, "gone", 6.0)
    put(inbox, 1)
    assert (inbox.standing.reconnects, inbox.standing.state, inbox.standing.detail) == (1, STREAMING, "")


def test_the_first_frame_after_a_loss_is_kept_and_known_also_when_it_is_equal_or_replaced(inbox):
    put(inbox, 1)
    put(inbox, 2)
    inbox.tell(OWNER, LOST, "gone", 6.0)
    put(inbox, 2)
    put(inbox, 3)

    assert [(frame.rows, frame.is_anew) for frame in inbox.take()] == [([[1]], False), ([[2]], False), ([[3]], True)]


def test_what_was_never_there_is_no_reconnect(inbox):
    inbox.tell(OWNER, LOST, "not open", 1.0)
    put(inbox, 1)

    assert inbox.standing.reconnects == 0


def test_busy_counts_from_the_first_refusal(inbox):
    assert inbox.tell(OWNER, BUSY, "busy", 5.0)
    assert not inbox.tell(OWNER, BUSY, "busy", 9.0)
    assert inbox.standing.busy_since == 5.0

    put(inbox, 1)
    assert inbox.standing.busy_since is None


def test_a_read_that_hangs_and_is_given_up_leaves_excel_busy_since_it_began(inbox):
    put(inbox, 1)
    inbox.begin(OWNER, 7.0)

    inbox.change_owner(object())

    assert (inbox.standing.state, inbox.standing.busy_since) == (BUSY, 7.0)


def test_waiting_ends_with_a_frame(inbox):
    waiting = threading.Thread(target=inbox.wait, args=(60.0,))
    waiting.start()

    put(inbox, 1)
    waiting.join(10)

    assert not waiting.is_alive()


def put(inbox, last):
    inbox.put(OWNER, Frame(AT, [[last]]), 0.01)


@pytest.fixture
def inbox():
    made = Inbox(limit=3)
    made.change_owner(OWNER)
    return made
