"""One reader of the stream for all clients of this process, which hands every event to each client's mailbox."""

import contextlib
import logging
import random
import socket
import time
from dataclasses import dataclass
from threading import Event as Flag, RLock, Thread
from typing import Any, Final

from redis.exceptions import RedisError

from app.api.sse.frames import StreamId, reset, status
from app.api.sse.mailbox import Mailbox
from app.api.sse.tail import BATCH, Page, StreamTail

log = logging.getLogger(__name__)

SETTLE_S: Final = 1.0
BACKOFF_S: Final = (0.1, 2.0)
SOCKET_BUFFER_BYTES: Final = 32_768
# Every wake-up of a client's thread costs about 0.1 ms of this process: more clients, fewer and fuller batches.
PACE_PER_CLIENT_S: Final = 0.0004
PACE_LIMIT_S: Final = 0.1


@dataclass(frozen=True)
class StreamLimits:
    """What clients may take: how many at once, events waiting for each, seconds of silence and of being stuck."""

    clients: int = 200
    queue_events: int = 512
    heartbeat_s: float = 5.0
    stuck_s: float = 30.0
    resume_window_s: float = 900.0


class Client:
    """One connection: its mailbox, and the socket by which it can be cut."""

    def __init__(self, mailbox: Mailbox, connection: Any) -> None:
        self.mailbox = mailbox
        self.connection = connection
        self.is_live = False


class EventHub:
    """Fans the stream out. Its thread starts with the first client, idles without one, and survives every outage."""

    def __init__(self, tail: StreamTail, limits: StreamLimits) -> None:
        self.tail = tail
        self.limits = limits
        self._lock = RLock()
        self._clients: set[Client] = set()
        self._place: StreamId | None = None
        self._generation = 0
        self._bus = "idle"
        self._thread: Thread | None = None
        self._wanted, self._settled, self._stopping = Flag(), Flag(), Flag()
        self._progress_at = time.monotonic()
        self._failures = 0
        self._counts = dict.fromkeys(("sent", "conflated", "cut", "resets", "refused", "unreadable"), 0)

    def join(self, symbols: frozenset[str] | None, connection: Any = None) -> Client | None:
        """Take a place for a client, None when all are taken; every client must `leave`.

        Waits up to a second until the end of the stream is known, so that what is published after this call reaches a
        client that goes live.
        """
        client = Client(Mailbox(symbols, self.limits.queue_events), connection)
        with self._lock:
            if len(self._clients) >= self.limits.clients or self._stopping.is_set():
                self._counts["refused"] += 1
                return None
            self._clients.add(client)
            self._start()
            if self._bus == "away":
                client.mailbox.notify(status("away"))
        _bound(connection, self.limits.stuck_s)
        self._settled.wait(SETTLE_S)
        return client

    def leave(self, client: Client) -> None:
        """Free the client's place; a second call does nothing."""
        with self._lock:
            if client in self._clients:
                self._clients.discard(client)
                self._counts["sent"] += client.mailbox.sent
                self._counts["conflated"] += client.mailbox.conflated

    def go_live(self, client: Client, after: StreamId | None = None) -> StreamId | None:
        """Hand the client what comes from here on; None while the stream's end is not known (it follows by itself).

        With `after`, events up to that id are left out. Returns the id up to which nothing will be handed over, so that
        the entries between `after` and it are for the caller to send.
        """
        with self._lock:
            client.is_live = True
            if self._place is not None:
                client.mailbox.open(self._place if after is None else max(self._place, after))
            return self._place

    def generation(self) -> int:
        """Grows whenever the stream lost data, which ends the meaning of all earlier ids."""
        return self._generation

    def reset_client(self, client: Client, reason: str) -> None:
        """Tell the client that it missed events, and go on live."""
        with self._lock:
            self._counts["resets"] += 1
            client.is_live = True
            if self._place is not None:
                client.mailbox.restart(reset(reason, self._place), self._place)

    def count_unreadable(self, entries: int) -> None:
        """Note entries that made no event."""
        with self._lock:
            self._counts["unreadable"] += entries

    def counters(self) -> dict[str, int | float | str]:
        """Figures for status pages: clients, sums since the start, the bus (idle, up, away), seconds since progress."""
        with self._lock:
            present = [client.mailbox for client in self._clients]
            counts = dict(self._counts)
            counts["sent"] += sum(box.sent for box in present)
            counts["conflated"] += sum(box.conflated for box in present)
            progress_age_s = 0.0 if self._bus == "idle" else round(time.monotonic() - self._progress_at, 3)
            return {"clients": len(present), **counts, "bus": self._bus, "progress_age_s": progress_age_s}

    def close(self) -> None:
        """End all clients and the thread."""
        self._stopping.set()
        self._wanted.set()
        with self._lock:
            for client in self._clients:
                client.mailbox.close()
        if self._thread:
            self._thread.join()

    def _start(self) -> None:
        self._wanted.set()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="quote-stream", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._idle():
                self._wanted.wait()
                continue
            try:
                self._turn()
            except RedisError as error:
                self._lose_bus(error)
            except Exception:
                log.exception("the quote stream's reader failed and goes on")
                self._lose_bus(None)
            self._cut_stuck()

    def _idle(self) -> bool:
        with self._lock:
            if self._clients:
                return False
            self._place, self._bus, self._failures = None, "idle", 0
            self._settled.clear()
            self._wanted.clear()
            return not self._stopping.is_set()

    def _turn(self) -> None:
        if self._bus != "up":
            self._attach()
        place = self._place
        assert place is not None
        page = self.tail.wait_after(place)
        self._progress_at = time.monotonic()
        if page.last is not None:
            self._hand_out(page, page.last)
            if page.read < BATCH:
                self._stopping.wait(min(PACE_PER_CLIENT_S * len(self._clients), PACE_LIMIT_S))

    def _attach(self) -> None:
        newest = self.tail.newest()
        broken = self._place is not None and self.tail.page_after(self._place, 0) is None
        with self._lock:
            if self._place is None or broken:
                self._place = newest
                self._restart_all("restarted" if broken else None)
            if self._bus == "away":
                log.info("Redis is back: the quote stream goes on at %s-%s", *self._place)
                self._notify_all(status("back"))
            self._bus, self._failures = "up", 0
        self._settled.set()

    def _restart_all(self, reason: str | None) -> None:
        assert self._place is not None
        if reason:
            self._generation += 1
        for client in self._clients:
            if client.is_live and reason:
                self.reset_client(client, reason)
            elif client.is_live:
                client.mailbox.open(self._place)

    def _hand_out(self, page: Page, last: StreamId) -> None:
        with self._lock:
            self._counts["unreadable"] += page.unreadable
            for client in self._clients:
                client.mailbox.offer(page.events, last)
            self._place = last

    def _lose_bus(self, error: RedisError | None) -> None:
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

    def _cut_stuck(self) -> None:
        with self._lock:
            stuck = [client for client in self._clients if client.mailbox.stuck_s() > self.limits.stuck_s]
            for client in stuck:
                self._counts["cut"] += 1
                client.mailbox.close()
                self._cut(client)

    def _cut(self, client: Client) -> None:
        log.warning("a stream client took nothing for %.0f s and is cut", client.mailbox.stuck_s())
        client.mailbox.sending()
        if client.connection is not None:
            with contextlib.suppress(OSError):  # It may have ended by itself in this moment.
                client.connection.shutdown(socket.SHUT_RDWR)


def _bound(connection: Any, stuck_s: float) -> None:
    if connection is None:
        return
    with contextlib.suppress(OSError):  # A connection that is gone already shows at the first write.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(stuck_s * 1000))
