"""What a source of quotes looks like to the loop that collects it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from app.quotes import Quote

NextSeq = Callable[[], int]
CONNECTING: Final = "connecting"
STREAMING: Final = "streaming"
FALLBACK: Final = "fallback"  # Quotes come, by a slower way than the usual one.
BUSY: Final = "busy"  # The source is there and does not answer for a while.
LOST: Final = "lost"  # The connection broke; another one is tried.
NEEDS_LOGIN: Final = "needs login"  # Nothing goes on before a person logs in.
MISCONFIGURED: Final = "misconfigured"  # Nothing goes on before a person mends what `detail` names.


@dataclass(frozen=True)
class FeedState:
    """How a feed stands: one of the states above, and `detail` for a person, in words that say what to do.

    `steady_since` is when it began to deliver without interruption, None while it does not; `data_at` when the source
    last said anything about any symbol, whether or not that changed a quote. `symbols` are the canonical ones that it
    carries, `silent` those of them that never answered. `figures` are the source's own, for its health.
    """

    state: str
    detail: str = ""
    steady_since: datetime | None = None
    data_at: datetime | None = None
    reconnects: int = 0
    symbols: Sequence[str] = ()
    silent: Sequence[str] = ()
    figures: Mapping[str, int | str] = field(default_factory=dict)


class Feed(Protocol):
    """A source of quotes, used from one thread; whatever threads it has of its own end with `close`.

    A feed mends its connection by itself: it raises only what ends the collector.
    """

    def step(self, now: datetime) -> Sequence[Quote]:
        """What is new since the last step, numbered in order; none when nothing is."""

    def wait(self, longest_s: float) -> None:
        """Come back as soon as a step may find something, after `longest_s` at the latest."""

    def state(self) -> FeedState:
        """How the feed stands."""

    def close(self) -> None:
        """End it; it gives nothing any more."""


MakeFeed = Callable[[NextSeq], Feed]


class SteppedFeed:
    """A feed that makes its quotes itself, whenever it is stepped."""

    def __init__(self, step: Callable[[datetime], Sequence[Quote]], symbols: Sequence[str] = ()) -> None:
        self._step, self._symbols = step, symbols
        self._since: datetime | None = None
        self._data_at: datetime | None = None

    def step(self, now: datetime) -> Sequence[Quote]:
        """What the function gives."""
        quotes = self._step(now)
        self._since = self._since or now
        self._data_at = now
        return quotes

    def wait(self, longest_s: float) -> None:
        """Sleep for that long."""
        time.sleep(longest_s)

    def state(self) -> FeedState:
        """Streaming since the first step."""
        return FeedState(STREAMING, steady_since=self._since, data_at=self._data_at, symbols=self._symbols)

    def close(self) -> None:
        """Nothing is left to end."""
