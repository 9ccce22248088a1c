"""The loop of a live source: one lease, one sequence, publish or spool, and show that it is alive."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Final

from redis import Redis
from redis.exceptions import RedisError

from app.bus.stream import STREAM_CAP
from app.clock import Clock
from app.collectors.feeds import Feed, MakeFeed
from app.collectors.outbox import Outbox
from app.collectors.progress import AliveMinutes, Figures, Rate, feed_figures, ms_of
from app.collectors.publishing import SourcePublisher
from app.collectors.run_record import RunRecord
from app.collectors.spool import Spool
from app.errors import Conflict, Unavailable
from app.market.market import Market
from app.quotes import Quote

log = logging.getLogger(__name__)

LAST_DRAIN_S: Final = 5.0
LONGEST_WAIT_S: Final = 0.25  # A stop waits for the feed.
GATHER_S: Final = 0.01  # What a fast feed brings meanwhile is published together, at a fraction of the cost.


@dataclass(frozen=True)
class Assignment:
    """What a collector does: publish what is new as soon as the feed has it, or after `interval_s`, and ask every
    `look_every_s` whether to go on.

    `make_feed` gets the function that numbers quotes; what a feed raises ends the collector. The spool is opened once
    the source is held, and keeps what the bus does not take. `market` tells the trading day in whose minutes the feed
    is marked as alive. `tell` hears the health at every look, also while Redis is away.
    """

    source: str
    interval_s: float
    is_wanted: Callable[[], bool]
    make_feed: MakeFeed
    open_spool: Callable[[], Spool]
    market: Market
    stream_cap: int = STREAM_CAP
    look_every_s: float = 2.0
    tell: Callable[[Figures], None] = lambda _figures: None


def run_collector(client: Redis, assignment: Assignment, clock: Clock, stop: Event) -> int:
    """Publish a source's quotes until it is unwanted or `stop` is set; returns how many were published.

    While the bus is away or full they go to the spool, and from there to the bus in order when it is back, as does what
    an earlier process left. Conflict when another live process collects the source; any other error that ends it is
    counted among the crashes of the source, and raised. `client` should give up within seconds, because the feed waits
    for it.
    """
    publisher = SourcePublisher(client, assignment.source, cap=assignment.stream_cap)
    record = RunRecord(client, assignment.source, publisher.token, clock)
    try:
        record.begin()
        with closing(assignment.open_spool()) as spool:
            published = _Collector(record, publisher, spool, assignment, clock).run(stop)
        record.end()
    except Conflict:
        raise
    except Exception as error:
        record.fail(error)
        raise
    finally:
        publisher.release()
    log.info("stopped collecting %s: %s quotes published", assignment.source, published)
    return published


class _Collector:
    def __init__(
        self, record: RunRecord, publisher: SourcePublisher, spool: Spool, assignment: Assignment, clock: Clock
    ) -> None:
        self._record, self._publisher, self._spool = record, publisher, spool
        self._assignment, self._clock = assignment, clock
        self._outbox = Outbox(publisher, spool)
        self._look_at = 0.0
        self._wanted = True
        self._event_at: datetime | None = None
        self._rate = Rate()
        self._alive = AliveMinutes(assignment.source, assignment.market)

    def run(self, stop: Event) -> int:
        interval_s = self._assignment.interval_s
        try:
            with closing(self._outbox), closing(self._assignment.make_feed(self._publisher.next_seq)) as feed:
                while not stop.is_set() and self._is_wanted(feed):
                    next_at = time.monotonic() + min(interval_s, GATHER_S)
                    feed.wait(min(interval_s, LONGEST_WAIT_S))
                    time.sleep(max(0.0, next_at - time.monotonic()))
                    # After the wait, so that what came meanwhile is taken also when that was the last.
                    self._outbox.put(self._stepped(feed))
                self._outbox.drain(LAST_DRAIN_S)
                self._alive.note(feed.state())
        except Conflict as error:
            self._tell_fenced(error)
            raise
        except Exception:
            self._show_end("failed")
            raise
        self._show_end("stopped")
        return self._outbox.published

    def _stepped(self, feed: Feed) -> Sequence[Quote]:
        now = self._clock.now()
        quotes = feed.step(now)
        if quotes:
            self._event_at = now
            self._rate.count(len(quotes))
        return quotes

    def _is_wanted(self, feed: Feed) -> bool:
        if time.monotonic() >= self._look_at:
            try:
                self._look(feed)
            except (RedisError, Unavailable) as error:
                log.warning("cannot ask whether %s is wanted: %s", self._assignment.source, str(error)[:200])
            self._look_at = time.monotonic() + self._assignment.look_every_s
        return self._wanted

    def _look(self, feed: Feed) -> None:
        state = feed.state()
        self._alive.note(state)
        how = "spooling" if self._outbox.is_spooling() else "running"
        figures = {"state": how, **self._figures(), **feed_figures(state)}
        self._assignment.tell(figures)
        # A bus that does not answer is asked for quotes only; what was wanted last is wanted still.
        if self._outbox.is_reachable:
            self._wanted = self._assignment.is_wanted()
            self._record.show(figures, state, self._alive)

    def _figures(self) -> dict[str, object]:
        return {
            "at_ms": ms_of(self._clock.now()),
            **({"event_ms": ms_of(self._event_at)} if self._event_at else {}),
            "rate": self._rate.per_s(),
            "published": self._outbox.published,
            "spooled": self._spool.size,
            "dropped": self._spool.dropped,
            "unreadable": self._spool.unreadable,
            "damaged": self._spool.damaged,
            "last_error": self._outbox.last_error,
        }

    def _show_end(self, state: str) -> None:
        try:
            self._record.show_end(state, self._figures(), self._alive)
        except Unavailable as error:  # Of the spool.
            log.warning("the last figures of %s are not known: %s", self._assignment.source, error)

    def _tell_fenced(self, error: Conflict) -> None:
        spool, source = self._spool, self._assignment.source
        told = f"{error}; {spool.size} quotes wait in {spool.path} until this machine collects {source} again"
        log.error("%s stops: %s", source, told)
        self._record.fence(told)
