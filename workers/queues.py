"""Which task goes to which queue, the part of a task's name before the dot; and what goes first there."""

from typing import Final

from app.dispatch import PRIORITIES, QUEUES

ROUTES: Final = {f"{name}.*": {"queue": name} for name in QUEUES}
# The lower number goes first. Each is a list of its own in Redis; that of 0 has the bare name of the queue, and with it
# every message that says nothing of its priority.
URGENT, ORDINARY = PRIORITIES


def queue_of(task: str) -> str:
    """The queue of a task of this name."""
    return task.partition(".")[0]
