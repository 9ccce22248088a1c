"""How often somebody may ask: a leaky bucket for each caller, in the memory of this process."""

from collections import OrderedDict
from threading import Lock
from typing import Final

# More callers than this are no desk; the one that was seen longest ago is forgotten, which gives it a new burst.
CALLERS: Final = 10_000


class RateLimit:
    """So many a second in the long run, and `burst` at once after a rest; by the generic cell rate algorithm.

    One number is kept for each caller: the moment at which its bucket would be empty. What is refused costs nothing,
    so that whoever slows down to the rate is served at that rate.
    """

    def __init__(self, per_s: float, burst: int, callers: int = CALLERS) -> None:
        self.per_s, self.burst = per_s, burst
        self._callers = callers
        self._empty_at: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def take(self, caller: str, now_s: float) -> float:
        """Take one; 0.0 when it is allowed, else the seconds until it would be. `now_s` is monotonic."""
        with self._lock:
            empty_at = max(now_s, self._empty_at.get(caller, now_s))
            wait_s = empty_at - now_s - (self.burst - 1) / self.per_s
            if wait_s > 1e-9:
                return wait_s
            self._empty_at[caller] = empty_at + 1 / self.per_s
            self._empty_at.move_to_end(caller)
            if len(self._empty_at) > self._callers:
                self._empty_at.popitem(last=False)
        return 0.0

    def policy(self) -> str:
        """The value of a header RateLimit-Policy: the burst, and the seconds in which a whole one comes back."""
        return f'"requests";q={self.burst};w={max(1, round(self.burst / self.per_s))}'


class Refused:
    """Who is being refused at the moment, by what their requests carry, so that the next one costs next to nothing."""

    def __init__(self, callers: int = CALLERS) -> None:
        self._callers = callers
        self._until: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._lock = Lock()

    def note(self, carried: tuple[str, ...], until_s: float) -> None:
        """Refuse what carries this until then, monotonic seconds."""
        with self._lock:
            self._until[carried] = until_s
            self._until.move_to_end(carried)
            if len(self._until) > self._callers:
                self._until.popitem(last=False)

    def wait_s(self, carried: tuple[str, ...], now_s: float) -> float:
        """The seconds for which this is refused still; 0.0 when it is not."""
        return max(0.0, self._until.get(carried, 0.0) - now_s)
