"""One reader of the stream for all clients of this process, which hands every event to each client's mailbox."""

import logging
import random
import time
from dataclasses import dataclass
from threading import BoundedSemaphore, RLock, Thread
from threading import Event as Flag
from typing import Any, Final

from redis.exceptions import RedisError

from app.api.sse.client import Client
from app.api.sse.frames import ORIGIN, StreamId, reset, status
from app.api.sse.mailbox import Mailbox
from app.api.sse.sources import Look, SourceNews
from app.api.sse.tail import Page, StreamTail
from app.api.sse.wire import Portion, Wire, portion_of
from app.errors import Unavailable
from app.metrics.families import (
    SSE_CLIENTS,
    SSE_CONFLATED,
    SSE_CUT,
    SSE_REFUSED,
    SSE_RESETS,
    SSE_SENT,
    SSE_UNREADABLE,
)
from app.metrics.recording import count, tell

log = logging.getLogger(__name__)

SETTLE_S: Final = 1.0
BACKOFF_S: Final = (0.1, 2.0)
TIDY_S: Final = 1.0
# A send to a client costs some 20 µs of this process, however little it is: more clients, fewer and fuller batches.
PACE_PER_CLIENT_S: Final = 0.0001
PACE_LIMIT_S: Final = 0.1
# A burst is handed out in parts, with a breath for the clients' threads between, so that it alone makes nobody slow.
BATCH: Final = 200
BREATH_S: Final = 0.001
# Clients that read what they missed keep the processor busy: so few at a time, and the live stream is not held up.
RESUMING_AT_ONCE: Final = 4
_COUNTED: Final = {
    "sent": SSE_SENT,
    "conflated": SSE_CONFLATED,
    "cut": SSE_CUT,
    "resets": SSE_RESETS,
    "refused": SSE_REFUSED,
    "unreadable": SSE_UNREADABLE,
}


@dataclass(frozen=True)
class StreamLimits:
    """What clients may take: how many at once, in all and of one caller, events waiting for each, seconds of silence
    and of being stuck."""

    clients: int = 200
    clients_per_caller: int = 200
    queue_events: int = 512
    heartbeat_s: float = 5.0
    stuck_s: float = 30.0
    resume_window_s: float = 900.0


class EventHub:
    """Fans the stream out. Its thread starts with the first client, idles without one, and survives every outage.

    With `look` clients are told how the sources stand.
    """

    def __init__(self, tail: StreamTail, limits: StreamLimits, look: Look | None = None) -> None:
        self.tail = tail
        self.limits = limits
        self._news = SourceNews(look) if look else None
        self.turns = BoundedSemaphore(RESUMING_AT_ONCE)
        self._lock = RLock()
        self._clients: set[Client] = set()
        self._place: StreamId | None = None
        self._bus = "idle"
        self._thread: Thread | None = None
        self._wanted, self._settled, self._stopping = Flag(), Flag(), Flag()
        self._progress_at = time.monotonic()
        self._failures = 0
        self._tidied_at = 0.0
        self._counts = dict.fromkeys(_COUNTED, 0)
        self._told = dict.fromkeys(_COUNTED, 0)

    def join(
        self, symbols: frozenset[str] | None, connection: Any = None, wire: Wire | None = None, caller: str = ""
    ) -> Client | None:
        """Take a place for a client of `caller`, None when all are taken or all of its own; every client must `leave`.

        Waits up to a second until the end of the stream is known, so that what is published after this call reaches a
        client that goes live.
        """
        client = Client(Mailbox(symbols, self.limits.queue_events), connection, wire, caller)
        with self._lock:
            if not self._has_place(caller):
                self._drop_gone()
            if not self._has_place(caller) or self._stopping.is_set():
                self._counts["refused"] += 1
                return None
            self._clients.add(client)
            self._start()
            if self._bus == "away":
                client.mailbox.notify(status("away"))
        client.bound(self.limits.stuck_s)
        self._settled.wait(SETTLE_S)
        return client

    def leave(self, client: Client) -> None:
        """Free the client's place; a second call does nothing."""
        with self._lock:
            if client in self._clients:
                self._clients.discard(client)
                self._counts["sent"] += client.mailbox.sent
                self._counts["conflated"] += client.mailbox.conflated

    def go_live(self, client: Client) -> None:
        """Hand the client what comes from here on; while the end of the stream is not known, from where it is found."""
        with self._lock:
            client.is_live = True
            if self._place is not None:
                client.mailbox.open(self._place)

    def go_live_after(self, client: Client, after: StreamId) -> StreamId | None:
        """Hand the client what comes after `after` and after the id returned, what lies between is left to the caller.

        None, and nothing is handed over, while the end of the stream is not known.
        """
        with self._lock:
            if self._place is not None:
                client.is_live = True
                client.mailbox.open(max(self._place, after))
            return self._place

    def reset_client(self, client: Client, reason: str) -> None:
        """Tell the client that it missed events, and go on live."""
        with self._lock:
            self._counts["resets"] += 1
            client.is_live = True
            client.mailbox.restart(reset(reason, self._place or ORIGIN), self._place)

    def counters(self) -> dict[str, int | float | str]:
        """Figures for status pages: clients, sums since the start, the bus (idle, up, away), seconds since progress."""
        with self._lock:
            progress_age_s = 0.0 if self._bus == "idle" else round(time.monotonic() - self._progress_at, 3)
            return {**self._sums(), "bus": self._bus, "progress_age_s": progress_age_s}

    def _sums(self) -> dict[str, int]:
        present = [client.mailbox for client in self._clients]
        sums = {"clients": len(present), **self._counts}
        sums["sent"] += sum(box.sent for box in present)
        sums["conflated"] += sum(box.conflated for box in present)
        return sums

    def _tell_counts(self) -> None:
        with self._lock:
            sums = self._sums()
            tell(SSE_CLIENTS, sums["clients"])
            for name, family in _COUNTED.items():
                count(family, by=sums[name] - self._told[name])
                self._told[name] = sums[name]

    def close(self) -> None:
        """End all clients and the thread."""
        self._stopping.set()
        self._wanted.set()
        with self._lock:
            for client in self._clients:
                client.mailbox.close()
        if self._thread:
            self._thread.join()

    def _has_place(self, caller: str) -> bool:
        taken = sum(client.caller == caller for client in self._clients)
        return len(self._clients) < self.limits.clients and taken < self.limits.clients_per_caller

    def _start(self) -> None:
        self._wanted.set()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="quote-stream", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._idle():
                self._tell_counts()
                self._wanted.wait()
                continue
            try:
                self._turn(self._attached())
                self._tell_sources()
            except (RedisError, Unavailable) as error:
                self._lose_bus(error)
            except Exception:
                log.exception("the quote stream's reader failed and goes on")
                self._lose_bus(None)
            self._tidy()

    def _idle(self) -> bool:
        with self._lock:
            if self._clients:
                return False
            self._place, self._bus, self._failures = None, "idle", 0
            self._settled.clear()
            self._wanted.clear()
            if self._stopping.is_set():
                self._wanted.set()
            return True

    def _turn(self, place: StreamId) -> None:
        batch = min(BATCH, self.limits.queue_events // 2)
        page = self.tail.wait_after(place, batch)
        self._progress_at = time.monotonic()
        if page.last is not None:
            self._hand_out(page, page.last)
            pace_s = min(PACE_PER_CLIENT_S * len(self._clients), PACE_LIMIT_S)
            self._stopping.wait(pace_s if page.read < batch else BREATH_S)

    def _tell_sources(self) -> None:
        if self._news:
            with self._lock:
                clients = list(self._clients)
            self._news.tell(clients)

    def _attached(self) -> StreamId:
        if self._place is not None and self._bus == "up":
            return self._place
        newest = self.tail.newest()
        broken = self._place not in (None, ORIGIN) and self.tail.page_after(self._place, 0) is None
        with self._lock:
            if self._place is None or broken:
                self._place = newest
                self._restart_all("restarted" if broken else None)
            if self._bus == "away":
                log.info("Redis is back: the quote stream goes on at %s-%s", *self._place)
                self._notify_all(status("back"))
            self._bus, self._failures = "up", 0
        self._settled.set()
        return self._place

    def _restart_all(self, reason: str | None) -> None:
        for client in self._clients:
            if client.is_live and reason:
                self.reset_client(client, reason)
            elif client.is_live:
                self.go_live(client)

    def _hand_out(self, page: Page, last: StreamId) -> None:
        with self._lock:
            self._counts["unreadable"] += page.unreadable
            portions: dict[frozenset[str] | None, Portion] = {}
            for client in self._clients:
                symbols = client.mailbox.symbols
                if symbols not in portions:
                    portions[symbols] = portion_of(page.events, symbols)
                client.hand(portions[symbols], last)
            self._place = last

    def _lose_bus(self, error: RedisError | Unavailable | None) -> None:
        with self._lock:
            if self._bus != "away":
                log.warning("Redis is away, the quote stream waits for it: %s", error)
                self._notify_all(status("away"))
            self._bus = "away"
        self._settled.set()
        first, longest = BACKOFF_S
        wait_s = min(first * 2**self._failures, longest) * random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 10)
        self._stopping.wait(wait_s)

    def _notify_all(self, frame: bytes) -> None:
        for client in self._clients:
            client.mailbox.notify(frame)

    def _tidy(self) -> None:
        if time.monotonic() < self._tidied_at + TIDY_S:
            return
        self._tidied_at = time.monotonic()
        with self._lock:
            self._drop_gone()
            stuck = [client for client in self._clients if client.mailbox.stuck_s() > self.limits.stuck_s]
            for client in stuck:
                self._counts["cut"] += 1
                client.cut()
            self._tell_counts()

    def _drop_gone(self) -> None:
        for client in [client for client in self._clients if client.is_gone()]:
            client.end()
            self.leave(client)
