"""What waits in the queues of tasks, as their broker keeps it in Redis."""

from typing import Any, Final

from redis import Redis

from app.dispatch import PRIORITIES, QUEUES

# A list for each priority: the first has the queue's bare name.
_SEPARATOR: Final = "\x06\x16"
_TAKEN: Final = "unacked"


def queue_lists(queue: str) -> list[str]:
    """The lists in which a queue's messages wait, those that go first before others."""
    return [queue, *(f"{queue}{_SEPARATOR}{priority}" for priority in PRIORITIES[1:])]


def queue_lengths(broker: Redis) -> dict[str, int]:
    """How many messages wait in each queue; `broker` is a client of the broker's database. RedisError."""
    pipe = broker.pipeline(transaction=False)
    names = [(queue, name) for queue in QUEUES for name in queue_lists(queue)]
    for _queue, name in names:
        pipe.llen(name)
    lengths = dict.fromkeys(QUEUES, 0)
    for (queue, _name), length in zip(names, pipe.execute(), strict=True):
        lengths[queue] += int(length)
    return lengths


def taken_messages(broker: Redis) -> int:
    """How many messages workers have taken and not yet acknowledged; RedisError."""
    taken: Any = broker.hlen(_TAKEN)
    return int(taken)
