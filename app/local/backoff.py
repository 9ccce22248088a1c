"""When a process that ended is started again."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RestartPolicy:
    """Waits double from `first_s` to `longest_s`, each varied by `jitter` of itself either way.

    A process that stayed up for `healthy_s` starts afresh. `loop_restarts` restarts within `loop_window_s` are a crash
    loop: from then on it is tried once every `loop_pause_s`.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    jitter: float = 0.2
    healthy_s: float = 60.0
    loop_restarts: int = 10
    loop_window_s: float = 600.0
    loop_pause_s: float = 60.0


@dataclass(frozen=True)
class Restart:
    """The decision: how long to wait, and whether this is a crash loop."""

    delay_s: float
    crash_loop: bool


class RestartHistory:
    """The restarts of one process; times are seconds of any clock that only goes forward."""

    def __init__(self, policy: RestartPolicy, chance: Callable[[], float] = random.random) -> None:
        """Start with no restart; `chance` gives numbers from 0 to 1 for the jitter."""
        self._policy = policy
        self._chance = chance
        self._in_a_row = 0
        self._recent: deque[float] = deque()

    def after_exit(self, now_s: float, up_s: float) -> Restart:
        """What to do about a process that has just ended after `up_s` seconds; counts as a restart."""
        policy = self._policy
        if up_s >= policy.healthy_s:
            self._in_a_row = 0
            self._recent.clear()
        while self._recent and now_s - self._recent[0] > policy.loop_window_s:
            self._recent.popleft()
        self._recent.append(now_s)
        if len(self._recent) > policy.loop_restarts:
            return Restart(policy.loop_pause_s, crash_loop=True)
        wait_s = min(policy.longest_s, policy.first_s * 2**self._in_a_row)
        self._in_a_row += 1
        return Restart(wait_s * (1 + policy.jitter * (2 * self._chance() - 1)), crash_loop=False)
