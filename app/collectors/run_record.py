"""What Redis knows of one run of a collector; that it is away is no reason for the run to end."""

import logging
from collections.abc import Callable
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from app.clock import Clock
from app.collectors.crashes import HEALTHY, begin_run, clear_run, count_crash
from app.collectors.feeds import FALLBACK, STREAMING, FeedState
from app.collectors.progress import AliveMinutes, Figures, begin_health, ms_of, write_health
from app.errors import ThorError, Unavailable

log = logging.getLogger(__name__)

NO_FEED: Final = dict.fromkeys(("feed", "detail", "steady_ms"))  # What a source without a running feed has not.
_REASON_LIMIT: Final = 300


class RunRecord:
    """The run of a source under a fencing token: its health, and whether it came to a good end."""

    def __init__(self, client: Redis, source: str, token: int, clock: Clock) -> None:
        self._client, self._source, self._token, self._clock = client, source, token, clock
        self._is_cleared = False

    def begin(self) -> None:
        """The run begins; what the health says of the one before it is gone."""
        now = self._clock.now()
        figures = {"state": "starting", "at_ms": ms_of(now), "begun_ms": ms_of(now), "token": self._token}
        self._tried("has begun", lambda: begin_run(self._client, self._source, self._token, now))
        self._tried("has begun", lambda: begin_health(self._client, self._source, figures))

    def show(self, figures: Figures, feed: FeedState, alive: AliveMinutes) -> None:
        """Write the health of a run under way, the minutes in which its source spoke, and that it is healthy, once it
        is; RedisError while the server is away."""
        write_health(self._client, self._source, figures)
        alive.save(self._client)
        since = feed.steady_since if feed.state in (STREAMING, FALLBACK) else None
        if not self._is_cleared and since is not None and self._clock.now() - since >= HEALTHY:
            clear_run(self._client, self._source, self._token)
            self._is_cleared = True

    def show_end(self, state: str, figures: Figures, alive: AliveMinutes) -> None:
        """The last figures of a run that ends."""
        last = {**figures, "state": state, "rate": 0.0, **NO_FEED}
        self._tried(f"is {state}", lambda: write_health(self._client, self._source, last))
        self._tried(f"is {state}", lambda: alive.save(self._client))

    def end(self) -> None:
        """The run came to a good end."""
        self._tried("was stopped", lambda: clear_run(self._client, self._source, self._token))

    def fail(self, error: Exception) -> None:
        """The run ends because of an error."""
        now, why = self._clock.now(), _reason(error)
        figures = {"state": "failed", "at_ms": ms_of(now), "error": why, **NO_FEED}
        self._tried("failed", lambda: count_crash(self._client, self._source, self._token, why, now))
        self._tried("failed", lambda: write_health(self._client, self._source, figures))

    def fence(self, why: str) -> None:
        """Another process has taken the source; the rest of the health is that one's."""
        figures = {"fenced": why[:_REASON_LIMIT], "fenced_at_ms": ms_of(self._clock.now())}
        self._tried("was fenced", lambda: write_health(self._client, self._source, figures))

    def _tried(self, what: str, write: Callable[[], None]) -> None:
        try:
            write()
        except (RedisError, Unavailable) as error:
            log.warning("cannot show that %s %s: %s", self._source, what, str(error)[:200])


def _reason(error: Exception) -> str:
    first = str(error).partition("\n")[0]
    named = first if isinstance(error, ThorError) else f"{type(error).__name__}: {first}".rstrip(": ")
    return named[:_REASON_LIMIT]
