"""Which task goes to which queue: the part of a task's name before the dot is its queue."""

from typing import Final

from app.dispatch import QUEUES

ROUTES: Final = {f"{name}.*": {"queue": name} for name in QUEUES}
