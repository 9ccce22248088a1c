"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable

DEADLINE_S = 30.0


def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Return as soon as the condition holds; AssertionError when it does not come true in time."""
    give_up_at = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come true in time"
        time.sleep(0.02)
