"""The ingest loop: store a batch, commit, then acknowledge, with the next one read while the database works."""

import contextlib
import logging
import random
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.groups import Entry, GroupReader, is_group_gone
from app.bus.joining import Position
from app.clock import Clock
from app.errors import Conflict, Unavailable
from app.ingest.background import in_background
from app.ingest.batch import Batch, Stored
from app.ingest.dead_letters import announce_dead_letters
from app.ingest.garbage import rare_collections
from app.ingest.intake import Intake
from app.ingest.presence import BEAT_S, Presence
from app.ingest.rows import RowMaker
from app.ingest.session_names import end_sessions
from app.ingest.storing import TickWriter, unavailable_while_away
from app.ledger.positions import read_position
from app.market.market import Market

log = logging.getLogger(__name__)

BLOCK_MS: Final = 500
DRAINING_WAIT_S: Final = 0.005  # For others, whose entries are not stored yet.
REPORT_EVERY_S: Final = 10.0
FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 3.0
LOOK_EVERY_S: Final = 0.1  # How soon a stop is noticed.
STOP_PATIENCE_S: Final = 3.0  # For how long a stop waits for servers that do not answer.
# The longest that a turn can take: three tries of a batch, each with some eight locks that are waited for up to 10 s,
# make four minutes. What takes less must not be taken away, for the next one would be no quicker.
STANDS_STILL_AFTER_S: Final = 300.0


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
    under the same consumer name. A server that goes away is waited for; a stop ends the waiting within 10 s. Work that
    stands still for 5 minutes costs the name, so that others take over what was read, until it goes on.
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
        self._raw, self._sessions, self._clock, self._plan = raw, sessions, clock, plan
        self._reader = GroupReader(raw, plan.consumer)
        self._presence = Presence(client, clock, plan.consumer)
        self._maker = RowMaker(market)
        self._writer = TickWriter(sessions, self._maker, plan.consumer)
        self._intake: Intake | None = None
        self._generation = ""
        self._recover_at = self._report_at = self._moved_at = 0.0
        self._reported = self._failures = 0
        self.totals = IngestTotals()

    def run(self, stop: Event, *, until_drained: bool = False) -> IngestTotals:
        """Ingest until `stop` is set, or until nothing is left behind; returns what was done."""
        self._presence.take()
        self._move()
        log.info("ingest started as %s, %s ticks a batch", self._plan.consumer, self._plan.batch_size)
        ending, ended = Event(), Event()
        if stop.is_set():
            ending.set()
        with rare_collections():
            beats = in_background("ingest-beats", partial(self._keep_beating, ended))
            loop = in_background("ingest-loop", partial(self._persist, ending, until_drained))
            try:
                self._oversee(loop, beats, stop, ending)
            finally:
                ending.set()
                ended.set()
                wait([beats], timeout=STOP_PATIENCE_S)
        log.info("ingest stopped: %s", self.totals)
        return self.totals

    def _oversee(self, loop: "Future[None]", beats: "Future[None]", stop: Event, ending: Event) -> None:
        while not (stop.is_set() or loop.done() or beats.done()):
            wait([loop, beats], timeout=LOOK_EVERY_S, return_when=FIRST_COMPLETED)
        ending.set()
        self._move()
        while not loop.done():
            wait([loop], timeout=LOOK_EVERY_S)
            if time.monotonic() - self._moved_at > STOP_PATIENCE_S:
                log.warning("a server does not answer: what is not acknowledged is left, and will be read again")
                break
        for part in (beats, loop):
            if part.done():
                part.result()

    def _keep_beating(self, ended: Event) -> None:
        try:
            while not ended.is_set():
                try:
                    self._beat()
                except RedisError as error:
                    self._presence.hold_up("waiting_for_redis", error)
                ended.wait(BEAT_S)
        finally:
            self._presence.leave()

    def _beat(self) -> None:
        if time.monotonic() - self._moved_at <= STANDS_STILL_AFTER_S:
            self._presence.beat(vars(self.totals))
            self._report()
        elif self._presence.is_held:
            log.error("ingest stands still for %.0f s: others may take over what it has read", STANDS_STILL_AFTER_S)
            self._presence.leave()

    def _persist(self, ending: Event, until_drained: bool) -> None:
        while True:
            try:
                return self._turns(ending, until_drained)
            except RedisError as error:
                self._wait(ending, "waiting_for_redis", error)
            except Unavailable as error:
                self._wait(ending, "waiting_for_postgres", error)
            if ending.is_set():
                log.warning("stopped while a server is away: what is not acknowledged will be read again")
                return None

    def _turns(self, ending: Event, until_drained: bool) -> None:
        block_ms = None if until_drained else BLOCK_MS  # Whoever waits for the end should not wait for news.
        self._intake = Intake(self._reader, self._batch, self._plan.batch_size, block_ms, ending)
        with contextlib.closing(self._intake) as intake:
            self._generation = self._reader.join(self._position)
            self._finish_own(ending)
            while True:
                self._move()
                if batch := intake.next():
                    self._settle(batch, ending)
                elif self._is_over(intake, ending, until_drained):
                    return
                self._recover(ending, own=intake.is_fresh(self._plan.lost_after_ms / 2000))

    def _is_over(self, intake: Intake, ending: Event, until_drained: bool) -> bool:
        self._reader.finish_acks()
        self._advance()
        if ending.is_set():
            return intake.is_empty
        is_drained = until_drained and self._reader.state().behind == 0
        if until_drained and not is_drained:
            ending.wait(DRAINING_WAIT_S)
        return is_drained

    def _finish_own(self, ending: Event) -> None:
        after = b"0"
        while not ending.is_set():
            entries = self._reader.read_own(after, self._plan.batch_size)
            if not entries:
                return
            after = entries[-1][0]
            self._settle(self._batch(entries, seen_before=True), ending)

    def _recover(self, ending: Event, *, own: bool) -> None:
        if ending.is_set() or time.monotonic() < self._recover_at:
            return
        self._end_sessions_of(self._reader.dead_consumers())
        entries = self._reader.claim_lost(self._plan.lost_after_ms, self._plan.batch_size, own=own)
        if entries:
            log.warning("took over %s entries that were read and never stored", len(entries))
            self._settle(self._batch(entries, seen_before=True), ending)
        self._recover_at = 0.0 if entries else time.monotonic() + self._plan.recover_every_s

    def _end_sessions_of(self, consumers: list[str]) -> None:
        # One that stands still in the middle of its work holds locks on the very rows that are to be stored for it.
        if consumers:
            with unavailable_while_away(), self._sessions.begin() as session:
                ended = end_sessions(session, consumers)
            if ended:
                log.warning("ended %s database sessions of %s, who stood still", ended, ", ".join(consumers))

    def _batch(self, entries: list[Entry], *, seen_before: bool = False) -> Batch:
        return Batch(entries, self._maker.rows(entries, self._clock.now()), seen_before, self._generation)

    def _settle(self, batch: Batch, ending: Event) -> None:
        while True:
            try:
                return self._store(batch)
            except Unavailable as error:
                self._wait(ending, "waiting_for_postgres", error)
                if ending.is_set():
                    raise
                with contextlib.suppress(Unavailable):  # It is the database that is waited for.
                    # This process has none at work now: one of its name is that of a holder before it.
                    self._end_sessions_of([*self._reader.dead_consumers(), self._plan.consumer])

    def _store(self, batch: Batch) -> None:
        stored = self._writer.store(batch, self._clock.now(), self._intake.read_ahead if self._intake else None)
        self.totals.add(stored)  # It is, also where the server goes away before it has heard of it.
        announce_dead_letters(self._raw, stored.rejects)
        self._reader.send_ack([entry_id for entry_id, _words in batch.entries])
        for reject in stored.rejects:
            log.warning("dead letter %s: %s", reject.id.decode(), reject.reason)
        if stored.trimmed:
            log.error("%s entries were trimmed from the stream before they were stored: they are lost", stored.trimmed)
        self._advance()

    def _position(self) -> Position | None:
        log.info("there is no consumer group: making it where the last one left off")
        with unavailable_while_away(), self._sessions() as session:
            return read_position(session, keys.INGEST_GROUP)

    def _wait(self, ending: Event, state: str, error: Exception) -> None:
        self._presence.hold_up(state, error)
        self._move()
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**self._failures) * random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 10)
        if not (ending.is_set() or is_group_gone(error)):
            log.warning("%s: %s; trying again in %.1f s", state.replace("_", " "), str(error)[:200], wait_s)
        ending.wait(wait_s)

    def _advance(self) -> None:
        self._failures = 0
        self._presence.advance()
        self._move()

    def _move(self) -> None:
        self._moved_at = time.monotonic()

    def _report(self) -> None:
        if time.monotonic() < self._report_at:
            return
        self._report_at = time.monotonic() + REPORT_EVERY_S
        if (done := self.totals.read - self._reported) > 0:
            behind = self._reader.state().behind
            log.info("%s entries read, %s written since the start, %s behind", done, self.totals.written, behind)
            self._reported = self.totals.read
