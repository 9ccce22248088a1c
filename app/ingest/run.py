"""The ingest loop: read a batch while the one before is written, commit, then acknowledge."""

import contextlib
import gc
import logging
import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session, sessionmaker

from app.bus.groups import Entry, GroupReader
from app.clock import Clock
from app.errors import Conflict, Unavailable
from app.ingest.dead_letters import announce_dead_letters
from app.ingest.presence import BEAT_S, Presence
from app.ingest.rows import RowMaker
from app.ingest.storing import Batch, Stored, TickWriter
from app.ingest.writer_thread import WriterThread
from app.market.market import Market

log = logging.getLogger(__name__)

BLOCK_MS: Final = 500
DRAINING_BLOCK_MS: Final = 20  # Whoever waits for the end should not wait for news.
REPORT_EVERY_S: Final = 10.0
FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 3.0  # Shorter than a lease lives, because nothing beats meanwhile.
STOP_PATIENCE_S: Final = 2.0  # For how long a stop waits for a database that does not answer.


@dataclass(frozen=True)
class IngestPlan:
    """Who reads, how many entries make a transaction, and when and how often entries of the dead are taken over."""

    consumer: str
    batch_size: int = 1000
    lost_after_ms: int = 5_000
    recover_every_s: float = 5.0


@dataclass
class IngestTotals:
    """Entries handled since the loop began."""

    read: int = 0
    written: int = 0
    duplicates: int = 0
    dead: int = 0
    trimmed: int = 0

    def add(self, stored: Stored) -> None:
        """Count one batch in."""
        self.read += stored.read
        self.written += stored.written
        self.duplicates += stored.duplicates
        self.dead += len(stored.rejects)
        self.trimmed += stored.trimmed


@dataclass
class _Writing:
    """A batch on its way to the database."""

    batch: Batch
    done: "Future[None]"


class _Question:
    """Asks for the next batch before the one at hand is worked on, so that the server is never waited for."""

    def __init__(self, reader: GroupReader, plan: IngestPlan, block_ms: int) -> None:
        self._reader, self._plan, self._block_ms = reader, plan, block_ms
        self._asked, self._asked_at = False, 0.0

    def entries(self, *, more: bool) -> list[Entry]:
        if more and not self._asked:
            self._ask()
        entries = self._reader.take_new() if self._asked else []
        self._asked = False
        if more:
            self._ask()
        return entries

    def is_fresh(self) -> bool:
        # An answer that has waited for long is not lost, although it looks so to the server.
        return (time.monotonic() - self._asked_at) * 1000 < self._plan.lost_after_ms / 2

    def close(self) -> None:
        self._reader.leave()

    def _ask(self) -> None:
        self._reader.ask_new(self._plan.batch_size, self._block_ms)
        self._asked, self._asked_at = True, time.monotonic()


def ingest(
    raw: Redis,
    client: Redis,
    sessions: sessionmaker[Session],
    market: Market,
    clock: Clock,
    plan: IngestPlan,
    stop: Event,
) -> IngestTotals | None:
    """Run an ingestor until `stop` is set; None, at once, while another live process has its consumer name."""
    try:
        return Ingestor(raw, client, sessions, market, clock, plan).run(stop)
    except Conflict as held:
        log.info("%s", held)
        return None


class Ingestor:
    """Moves quotes from the stream to PostgreSQL, each exactly once, until told to stop.

    `raw` replies in bytes and `client` in text, both to the same server. Conflict when another live process reads
    under the same consumer name. A server that goes away is waited for; a stop ends the waiting within 10 s.
    """

    def __init__(
        self,
        raw: Redis,
        client: Redis,
        sessions: sessionmaker[Session],
        market: Market,
        clock: Clock,
        plan: IngestPlan,
    ) -> None:
        self._raw, self._clock, self._plan = raw, clock, plan
        self._reader = GroupReader(raw, plan.consumer)
        self._presence = Presence(client, clock, plan.consumer)
        self._maker = RowMaker(market)
        self._writer = TickWriter(sessions, RowMaker(market))
        self._recover_at = self._report_at = 0.0
        self._reported = self._failures = 0
        self.totals = IngestTotals()

    def run(self, stop: Event, *, until_drained: bool = False) -> IngestTotals:
        """Ingest until `stop` is set, or until nothing is left behind; returns what was done."""
        self._presence.take()
        log.info("ingest started as %s, %s ticks a batch", self._plan.consumer, self._plan.batch_size)
        self._thread = WriterThread()
        try:
            with _rare_collections():
                self._persist(stop, until_drained)
        finally:
            if not self._thread.close(STOP_PATIENCE_S):
                log.warning("PostgreSQL does not answer: a batch is left to itself, and will be read again")
            self._presence.leave()
        log.info("ingest stopped: %s", self.totals)
        return self.totals

    def _persist(self, stop: Event, until_drained: bool) -> None:
        while True:
            try:
                return self._turns(stop, until_drained)
            except RedisError as error:
                self._wait(stop, "waiting_for_redis", error)
                if stop.is_set():
                    return self._presence.abandon()
            except Unavailable:
                if not stop.is_set():
                    raise
                log.warning("stopped while PostgreSQL is away: what is not acknowledged will be read again")
                return None

    def _turns(self, stop: Event, until_drained: bool) -> None:
        self._reader.join()
        self._finish_own(stop)
        block_ms = DRAINING_BLOCK_MS if until_drained else BLOCK_MS
        with contextlib.closing(_Question(self._reader, self._plan, block_ms)) as new:
            under_way: _Writing | None = None
            while True:
                self._beat()
                entries = new.entries(more=not stop.is_set())
                batch = self._batch(entries) if entries else None
                if under_way:
                    self._settle(under_way, stop)
                under_way = self._write(batch) if batch else None
                if under_way is None and self._is_over(stop, until_drained):
                    return
                self._recover(stop, own=under_way is None and new.is_fresh())

    def _is_over(self, stop: Event, until_drained: bool) -> bool:
        self._advance()
        return stop.is_set() or (until_drained and self._reader.state().behind == 0)

    def _finish_own(self, stop: Event) -> None:
        after = b"0"
        while not stop.is_set():
            entries = self._reader.read_own(after, self._plan.batch_size)
            if not entries:
                return
            after = entries[-1][0]
            self._settle(self._write(self._batch(entries, seen_before=True)), stop)

    def _recover(self, stop: Event, *, own: bool) -> None:
        if stop.is_set() or time.monotonic() < self._recover_at:
            return
        entries = self._reader.claim_lost(self._plan.lost_after_ms, self._plan.batch_size, own=own)
        if entries:
            log.warning("took over %s entries that were read and never stored", len(entries))
            self._settle(self._write(self._batch(entries, seen_before=True)), stop)
        self._recover_at = 0.0 if entries else time.monotonic() + self._plan.recover_every_s

    def _batch(self, entries: list[Entry], *, seen_before: bool = False) -> Batch:
        return Batch(entries, self._maker.rows(entries, self._clock.now()), seen_before)

    def _write(self, batch: Batch) -> _Writing:
        return _Writing(batch, self._thread.submit(partial(self._store, batch)))

    def _store(self, batch: Batch) -> None:
        stored = self._writer.store(batch, self._clock.now())
        announce_dead_letters(self._raw, stored.rejects)
        self._reader.ack([entry_id for entry_id, _words in batch.entries])
        self.totals.add(stored)
        for reject in stored.rejects:
            log.warning("dead letter %s: %s", reject.id.decode(), reject.reason)
        if stored.trimmed:
            log.error("%s entries were trimmed from the stream before they were stored: they are lost", stored.trimmed)
        self._advance()

    def _settle(self, writing: _Writing, stop: Event) -> None:
        while True:
            try:
                return self._await(writing.done, stop)
            except Unavailable as error:
                self._wait(stop, "waiting_for_postgres", error)
                if stop.is_set():
                    raise
                writing = self._write(writing.batch)

    def _await(self, done: "Future[None]", stop: Event) -> None:
        patience_s = STOP_PATIENCE_S
        while not done.done():
            wait([done], timeout=BEAT_S)
            self._beat()
            patience_s -= BEAT_S if stop.is_set() else 0.0
            if patience_s < 0:
                raise Unavailable("PostgreSQL does not answer")
        done.result()

    def _wait(self, stop: Event, state: str, error: Exception) -> None:
        self._presence.hold_up(state, error)
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**self._failures) * random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 10)
        if not stop.is_set():
            log.warning("%s: %s; trying again in %.1f s", state.replace("_", " "), str(error)[:200], wait_s)
        stop.wait(wait_s)

    def _advance(self) -> None:
        self._failures = 0
        self._presence.advance()

    def _beat(self) -> None:
        self._presence.beat(vars(self.totals))
        if time.monotonic() < self._report_at:
            return
        self._report_at = time.monotonic() + REPORT_EVERY_S
        if (done := self.totals.read - self._reported) > 0:
            behind = self._reader.state().behind
            log.info("%s entries read, %s written since the start, %s behind", done, self.totals.written, behind)
            self._reported = self.totals.read


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    # Entries are many small lists without cycles: looking through them for garbage takes a fifth of the loop's time.
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
