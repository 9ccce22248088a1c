"""The ingest loop: read a batch while the one before is written, commit, then acknowledge."""

import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError as WaitTimeout
from dataclasses import dataclass
from threading import Event
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session, sessionmaker
from tenacity import Retrying, retry_if_exception_type, sleep_using_event, stop_when_event_set, wait_random_exponential

from app.bus import keys
from app.bus.groups import Entry, GroupReader
from app.bus.leases import Lease, acquire, release, renew
from app.clock import Clock
from app.errors import Conflict, Unavailable
from app.ingest.dead_letters import announce_dead_letters
from app.ingest.rows import RowMaker
from app.ingest.storing import Batch, Stored, TickWriter
from app.market.market import Market

log = logging.getLogger(__name__)

BLOCK_MS: Final = 500
BEAT_S: Final = 1.0
CLAIM_EVERY_S: Final = 5.0
DEAD_AFTER_MS: Final = 5_000
REPORT_EVERY_S: Final = 10.0
HEALTH_KEPT_S: Final = 86_400


@dataclass(frozen=True)
class IngestPlan:
    """Who reads, and how many entries make a transaction."""

    consumer: str
    batch_size: int = 1000


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


class _Question:
    """Asks for the next batch before the one at hand is worked on, so that the server is never waited for."""

    def __init__(self, reader: GroupReader, plan: IngestPlan) -> None:
        self._reader = reader
        self._plan = plan
        self._asked = False

    def entries(self, *, more: bool) -> list[Entry]:
        if not self._asked and more:
            self._reader.ask_new(self._plan.batch_size, BLOCK_MS)
            self._asked = True
        entries = self._reader.take_new() if self._asked else []
        self._asked = False
        if more:
            self._reader.ask_new(self._plan.batch_size, BLOCK_MS)
            self._asked = True
        return entries

    def close(self) -> None:
        self._reader.leave()


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
        log.debug("%s", held)
        return None


class Ingestor:
    """Moves quotes from the stream to PostgreSQL, each exactly once, until told to stop.

    `raw` replies in bytes and `client` in text, both to the same server. Conflict when another live process reads
    under the same consumer name.
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
        self._reader = GroupReader(raw, plan.consumer)
        self._raw, self._client, self._clock, self._plan = raw, client, clock, plan
        self._maker = RowMaker(market)
        self._writer = TickWriter(sessions, RowMaker(market))
        self._lease: Lease | None = None
        self._beat_at = self._claim_at = self._report_at = 0.0
        self._state, self._error, self._progress_ms = "running", "", 0
        self._reported = 0
        self.totals = IngestTotals()

    def run(self, stop: Event, *, until_drained: bool = False) -> IngestTotals:
        """Ingest until `stop` is set, or until nothing is left behind; returns what was done."""
        self._lease = self._acquire()
        log.info("ingest started as %s, %s ticks a batch", self._plan.consumer, self._plan.batch_size)
        try:
            for attempt in self._attempts(stop, RedisError, "waiting_for_redis"):
                with attempt:
                    self._turns(stop, until_drained)
        except (Unavailable, RedisError) as error:
            if not stop.is_set():
                raise
            log.warning("stopped while waiting (%s): what is unacknowledged will be read again", error)
        finally:
            self._release()
        log.info("ingest stopped: %s", self.totals)
        return self.totals

    def _turns(self, stop: Event, until_drained: bool) -> None:
        self._reader.join()
        with ThreadPoolExecutor(1, "tick-writer") as writer, contextlib.closing(_Question(self._reader, self._plan)) as new:
            self._finish_own(writer, stop)
            under_way: Future[None] | None = None
            while True:
                self._beat()
                entries = new.entries(more=not stop.is_set())
                batch = self._batch(entries) if entries else None
                if under_way:
                    self._settle(under_way)
                under_way = writer.submit(self._store, batch, stop) if batch else None
                if not batch and (stop.is_set() or self._idle(writer, stop) and until_drained):
                    return

    def _idle(self, writer: ThreadPoolExecutor, stop: Event) -> bool:
        self._progress()
        return self._claim(writer, stop) == 0 and self._reader.state().behind == 0

    def _finish_own(self, writer: ThreadPoolExecutor, stop: Event) -> None:
        after = b"0"
        while not stop.is_set():
            entries = self._reader.read_own(after, self._plan.batch_size)
            if not entries:
                return
            after = entries[-1][0]
            self._settle(writer.submit(self._store, self._batch(entries, seen_before=True), stop))

    def _claim(self, writer: ThreadPoolExecutor, stop: Event) -> int:
        if time.monotonic() < self._claim_at:
            return 0
        self._claim_at = time.monotonic() + CLAIM_EVERY_S
        entries = self._reader.claim_from_dead(DEAD_AFTER_MS, self._plan.batch_size)
        if entries:
            log.warning("took over %s entries of a dead consumer", len(entries))
            self._settle(writer.submit(self._store, self._batch(entries, seen_before=True), stop))
            self._claim_at = 0.0
        return len(entries)

    def _batch(self, entries: list[Entry], *, seen_before: bool = False) -> Batch:
        return Batch(entries, self._maker.rows(entries, self._clock.now()), seen_before)

    def _store(self, batch: Batch, stop: Event) -> None:
        for attempt in self._attempts(stop, Unavailable, "waiting_for_postgres"):
            with attempt:
                stored = self._writer.store(batch, self._clock.now())
                self._acknowledge(batch, stored)

    def _acknowledge(self, batch: Batch, stored: Stored) -> None:
        announce_dead_letters(self._raw, stored.rejects)
        self._reader.ack([entry_id for entry_id, _words in batch.entries])
        self.totals.add(stored)
        for reject in stored.rejects:
            log.warning("dead letter %s: %s", reject.id.decode(), reject.reason)
        if stored.trimmed:
            log.error("%s entries were trimmed from the stream before they were stored: they are lost", stored.trimmed)
        self._progress()

    def _settle(self, under_way: "Future[None]") -> None:
        while True:
            try:
                return under_way.result(timeout=BEAT_S)
            except WaitTimeout:
                self._beat()

    def _attempts(self, stop: Event, kind: type[Exception], state: str) -> Retrying:
        def waiting(call: object) -> None:
            failed = getattr(call, "outcome", None)
            self._state, self._error = state, str(failed.exception())[:200] if failed else ""
            log.warning("%s: %s", state.replace("_", " "), self._error)

        return Retrying(
            retry=retry_if_exception_type(kind),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            sleep=sleep_using_event(stop),
            stop=stop_when_event_set(stop),
            before_sleep=waiting,
            reraise=True,
        )

    def _progress(self) -> None:
        self._progress_ms = int(self._clock.now().timestamp() * 1000)
        self._state, self._error = "running", ""

    def _beat(self) -> None:
        if time.monotonic() < self._beat_at:
            return
        self._beat_at = time.monotonic() + BEAT_S
        if self._lease is None or not renew(self._client, self._lease):
            self._lease = self._acquire()
        key = keys.ingest_health(self._plan.consumer)
        self._client.hset(key, mapping=self._health())
        self._client.expire(key, HEALTH_KEPT_S)
        self._report()

    def _health(self) -> dict[str, str]:
        figures = {**vars(self.totals), "at_ms": int(self._clock.now().timestamp() * 1000)}
        words = {"progress_ms": self._progress_ms, "state": self._state, "error": self._error}
        return {name: str(value) for name, value in {**figures, **words}.items()}

    def _report(self) -> None:
        if time.monotonic() < self._report_at:
            return
        self._report_at = time.monotonic() + REPORT_EVERY_S
        if self.totals.read > self._reported:
            done = self.totals.read - self._reported
            behind = self._reader.state().behind
            log.info("%s entries in %.0f s, %s written in all, %s behind", done, REPORT_EVERY_S, self.totals.written, behind)
            self._reported = self.totals.read

    def _acquire(self) -> Lease:
        key = keys.ingest_lease(self._plan.consumer)
        return acquire(self._client, key, f"{key}:epoch")

    def _release(self) -> None:
        if self._lease:
            with contextlib.suppress(RedisError):  # It expires by itself where the server is away.
                release(self._client, self._lease)
