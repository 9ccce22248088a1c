"""How long a Schwab feed waits, for what, and when it takes silence for a fault."""

from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState
from tenacity.wait import wait_exponential_jitter


@dataclass(frozen=True)
class Patience:
    """All waits, in seconds.

    An attempt to stream takes `attempt_s` at the longest, and between attempts pass `first_wait_s` doubling to
    `longest_wait_s`, with chance in it; together they keep it from streaming for less than 30 s after it could. A
    stream that lived for `proven_s` makes the next wait short again.
    """

    attempt_s: float = 12.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0
    proven_s: float = 10.0
    taken_over_s: float = 60.0  # Two programs that take the stream from each other in turn help neither.
    login_s: float = 3.0  # Between looks for a new login.
    no_frame_s: float = 25.0  # Heartbeats come every 10 s.
    silent_s: float = 20.0  # Without news of any open symbol; doubles up to the next where it was just a quiet hour.
    longest_silent_s: float = 300.0
    look_s: float = 0.5
    answer_s: float = 15.0  # From when on a symbol that never answered is called silent.
    resubscribe_s: float = 2.0  # Between fresh starts after unreadable messages; doubles up to the next.
    longest_resubscribe_s: float = 20.0
    fallback_after_s: float = 5.0
    poll_s: float = 5.0
    longest_poll_s: float = 60.0
    close_s: float = 1.0


class Backoff:
    """The waits between attempts."""

    def __init__(self, patience: Patience) -> None:
        first_s = patience.first_wait_s
        self._wait = wait_exponential_jitter(multiplier=first_s, max=patience.longest_wait_s, jitter=first_s)
        self._attempt = RetryCallState(AsyncRetrying(), None, (), {})

    def next_s(self) -> float:
        """How long to wait now."""
        waits = self._wait(self._attempt)
        self._attempt.attempt_number += 1
        return waits

    def reset(self) -> None:
        """The last attempt went well."""
        self._attempt.attempt_number = 1


class Doubling:
    """A time that doubles with each use, from `first_s` to `longest_s`."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self.s = first_s

    def double(self) -> None:
        """Twice as long from now on."""
        self.s = min(2 * self.s, self._longest_s)

    def reset(self) -> None:
        """As at first."""
        self.s = self._first_s


class Silence:
    """Tells a stream that has fallen silent from one on which nothing happens. Times are monotonic seconds."""

    def __init__(self, patience: Patience) -> None:
        self._no_frame_s = patience.no_frame_s
        self._allowed = Doubling(patience.silent_s, patience.longest_silent_s)
        self._heard_at = self._quiet_since = 0.0

    def begin(self, now: float) -> None:
        """A connection is made."""
        self._heard_at = self._quiet_since = now

    def hear(self, now: float) -> None:
        """A frame has come, whatever it holds."""
        self._heard_at = now

    def verdict(self, now: float, is_any_open: bool, news_at: float) -> str:
        """Why the connection is to be replaced, empty while it is not. `news_at` is when an open symbol last had news.

        Silence is no fault while no market is open. Where a new connection brings no news either, the next one is
        given twice the time.
        """
        if now - self._heard_at > self._no_frame_s:
            return f"not even a heartbeat for {now - self._heard_at:.0f} s"
        if not is_any_open:
            self._quiet_since = now
        elif news_at > self._quiet_since:
            self._quiet_since = news_at
            self._allowed.reset()
        quiet_s = now - self._quiet_since
        if quiet_s <= self._allowed.s:
            return ""
        self._allowed.double()
        return f"heartbeats, but no news of any open symbol for {quiet_s:.0f} s"
