import pytest

from app.bus.broker import queue_lengths, queue_lists, taken_messages
from app.dispatch import QUEUES


@pytest.fixture(autouse=True)
def only_this(bus):
    """An empty database stands for the broker's."""


def test_an_empty_broker_has_empty_queues(bus):
    assert queue_lengths(bus) == dict.fromkeys(QUEUES, 0)
    assert taken_messages(bus) == 0


def test_messages_of_every_priority_wait_in_their_queue(bus):
    for name in queue_lists("export"):
        bus.rpush(name, "one", "two")
    bus.hset("unacked", "tag", "message")

    assert queue_lengths(bus) == {**dict.fromkeys(QUEUES, 0), "export": 4}
    assert taken_messages(bus) == 1
