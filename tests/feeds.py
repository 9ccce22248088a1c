"""Feeds that tests put in the place of real sources."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event

import pytest

from app.collectors.feeds import Feed, NextSeq, SteppedFeed
from app.operations import collecting
from app.quotes import Quote
from tests.factories import quote


class SteadyFeed(SteppedFeed):
    """Gives a quote at each step; `given` are their numbers, and `closed` tells that it ended."""

    def __init__(self, source: str, next_seq: NextSeq, fails: Event, hangs: Event) -> None:
        super().__init__(self._quotes, ["ES"])
        self._source, self._next_seq, self._fails, self._hangs = source, next_seq, fails, hangs
        self.closed = False
        self.given: list[int] = []

    def _quotes(self, now: datetime) -> Sequence[Quote]:
        if self._fails.is_set():
            raise ValueError("the feed broke")
        while self._hangs.is_set():
            time.sleep(0.01)
        self.given.append(self._next_seq())
        return [quote(source=self._source, ts=now, recv_ts=now, seq=self.given[-1])]

    def close(self) -> None:
        """End it."""
        self.closed = True


class FeedDesk:
    """Makes the feeds of sources: `made` are all so far; they break while `fails` is set, and hang while `hangs` is."""

    def __init__(self) -> None:
        self.made: list[SteadyFeed] = []
        self.fails, self.hangs = Event(), Event()

    def maker(self, source: str) -> Callable[..., Callable[[NextSeq], Feed]]:
        """What makes the feeds of a source, whatever its options."""

        def make(next_seq: NextSeq) -> Feed:
            self.made.append(SteadyFeed(source, next_seq, self.fails, self.hangs))
            return self.made[-1]

        return lambda _options: make

    @property
    def living(self) -> list[SteadyFeed]:
        """The feeds that are not closed."""
        return [feed for feed in self.made if not feed.closed]


@pytest.fixture
def feed_desk(monkeypatch: pytest.MonkeyPatch) -> FeedDesk:
    """Has EXCEL and SCHWAB collected from feeds of the test's own."""
    desk = FeedDesk()
    makers = {source: desk.maker(source) for source in ("EXCEL", "SCHWAB")}
    monkeypatch.setattr(collecting, "_feeds", lambda _stores, _plan: makers)
    return desk
