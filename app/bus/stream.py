"""The quote stream: publishing in one fenced round trip, each batch at most once, and how the stream stands."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

from redis import Redis
from redis.client import NEVER_DECODE
from redis.exceptions import ConnectionError as LinkLost
from redis.exceptions import NoScriptError, OutOfMemoryError, RedisError, ResponseError

from app.bus import keys
from app.bus.drops import Drop, announce_drop
from app.bus.encoding import Batch, encode, pack_call
from app.bus.latest import newest_hashes
from app.bus.leases import Lease
from app.bus.publish_script import PUBLISH
from app.bus.published import last_batch, raise_published
from app.errors import Conflict, Unavailable
from app.metrics.families import PUBLISH_DURATION, PUBLISH_EVENTS, PUBLISH_REFUSED
from app.metrics.recording import count, observe
from app.quotes import Quote

STREAM_CAP: Final = 10_000_000  # about 2 GB: 80 minutes of 2,000 events a second that nobody stores.


@dataclass(frozen=True)
class StreamState:
    """How the stream stands: entries kept, entries ever added, the newest id ever, the id of the oldest entry kept."""

    length: int
    added: int
    last_id: str
    first_id: str | None


class QuotePublisher:
    """Publishes quotes of one source under its lease; use it from one thread.

    `before` is the publisher of the same source under an earlier token: where the server took its last batch although
    the answer got lost, that batch is not published again, and where the server has forgotten its counts, they are
    written again.
    """

    def __init__(
        self, client: Redis, lease: Lease, *, cap: int = STREAM_CAP, before: "QuotePublisher | None" = None
    ) -> None:
        self._client, self._lease, self._cap = client, lease, cap
        self._source = lease.key.split(":")[1]
        # One that never sent anything has not yet looked at the one before it.
        self._before: QuotePublisher | None = (before._before or before) if before else None
        self._script = client.register_script(PUBLISH)
        self._name = uuid4().hex
        self._number, self._sent_s = 0, 0.0
        self._link: Any = None
        self._asked: Batch | None = None  # Sent, and not yet answered.
        self._doubtful: tuple[int, Batch] | None = None  # Its answer got lost.
        self._taken: Batch | None = before._taken if before else None  # By the server, from the publisher before.
        self._published: dict[str, Counter[str]] = before._published if before else {}

    def publish(self, quotes: Sequence[Quote]) -> None:
        """Append the quotes to the stream and update the newest per symbol, all or nothing, in one round trip.

        Rejected when a quote is malformed and Conflict when the lease has passed to another: nothing was published.
        Unavailable when the stream is full (nothing was published) or the server is away (unknown: publish the same
        quotes again, before any others, and they are published once).
        """
        if quotes:
            self.publish_batch(encode(quotes))

    def publish_batch(self, batch: Batch) -> None:
        """`publish` for quotes that are encoded already."""
        self.send(batch)
        self.settle()

    def send(self, batch: Batch) -> None:
        """Have the server begin to publish a batch; `settle` tells what came of it, before the next is sent."""
        self.abandon()
        self.take_over()
        with self._refusals():
            if batch == self._taken:
                self._taken = None
                return
            self._taken = None
            if self._doubtful is None or self._doubtful[1] != batch:
                self._number += 1
                self._doubtful = None
            self._asked, self._sent_s = batch, perf_counter()
            self._write(batch, ("EVALSHA", self._script.sha))

    def settle(self) -> None:
        """Wait until the batch that was sent is published; the errors are those of `publish`."""
        batch = self._asked
        if batch is None:
            return
        with self._refusals():
            try:
                applied = self._read()
            except (LinkLost, NoScriptError):  # The server restarted, or forgot the script.
                self._doubtful = (self._number, batch)
                self._write(batch, ("EVAL", PUBLISH), once_more=True)
                applied = self._read()
        if applied not in (0, 1):
            raise Unavailable(f"Redis answered a batch with {str(applied)[:40]!r}")
        self._count(batch)
        self._asked = self._doubtful = None
        observe(PUBLISH_DURATION, perf_counter() - self._sent_s, batch.source)
        count(PUBLISH_EVENTS, batch.source, by=len(batch.events))

    def abandon(self) -> None:
        """Wait no longer for the answer to the batch that was sent; it may have been published."""
        if self._asked:
            self._doubtful = (self._number, self._asked)
            self._asked = None
            self._drop_link()

    def announce(self, drop: Drop) -> None:
        """Tell a loss once, as `announce_drop` does; the errors are those of `publish`."""
        with self._refusals():
            token = announce_drop(self._client, self._lease, drop)
        counts = {drop.name: drop.count} if drop.name else {}
        self._add(keys.published(drop.source, token), counts, drop.numbers)

    def take_over(self) -> None:
        """Look at what the publisher before left, which the first `send` does otherwise; Unavailable as `publish`."""
        if self._before is None:
            return
        with self._refusals():
            if self._before._doubtful:
                self._settle_for(self._before, *self._before._doubtful)
            self.restore_counts()
        self._before = None

    def restore_counts(self) -> None:
        """Write again what was counted, also under earlier tokens, where the server has forgotten it; RedisError."""
        for key, counts in self._published.items():
            raise_published(self._client, key, counts)

    def _settle_for(self, before: "QuotePublisher", number: int, batch: Batch) -> None:
        key = keys.published(batch.source, before._lease.token)
        if last_batch(self._client, key, before._name) >= number:
            before._count(batch)
            before._doubtful = None
            self._taken = batch

    def _write(self, batch: Batch, call: tuple[str, str], *, once_more: bool = False) -> None:
        key = keys.published(batch.source, self._lease.token)
        newest = newest_hashes(batch.source, batch.symbols)
        had = self._published.get(key, Counter())
        names = [*batch.counts, *batch.numbers]
        grown = [batch.counts.get(name, 0) for name in names]
        head = (*call, 3 + len(newest), self._lease.key, keys.STREAM, key, *newest)
        head += (self._lease.token, self._name, self._number, self._cap, len(names), *names, *grown)
        least = (max(had[name], batch.numbers.get(name, 0)) for name in names)
        command = pack_call((*head, *least), batch)
        try:
            self._link = self._link or self._client.connection_pool.get_connection()
            self._link.send_packed_command([command])
        except LinkLost:
            self._drop_link()
            if once_more:
                raise

    def _read(self) -> Any:
        if self._link is None:
            raise LinkLost("the link was lost while sending")
        try:
            answer = self._link.read_response()
        except ResponseError:
            self._release_link()
            raise
        except BaseException:
            self._drop_link()
            raise
        self._release_link()
        return answer

    def _drop_link(self) -> None:
        if self._link is not None:
            self._link.disconnect()
        self._release_link()

    def _release_link(self) -> None:
        if self._link is not None:
            self._client.connection_pool.release(self._link)
            self._link = None

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except ResponseError as error:
            self._asked = None
            count(PUBLISH_REFUSED, self._source, _reason(error))
            raise _refusal(error, self._lease) from None
        except RedisError as error:
            self.abandon()
            count(PUBLISH_REFUSED, self._source, "away")
            raise Unavailable(f"Redis is away ({type(error).__name__})") from error

    def _count(self, batch: Batch) -> None:
        self._add(keys.published(batch.source, self._lease.token), batch.counts, batch.numbers)

    def _add(self, key: str, counts: Mapping[str, int], numbers: Mapping[str, int]) -> None:
        known = self._published.setdefault(key, Counter())
        known.update(counts)
        for name, number in numbers.items():
            known[name] = max(known[name], number)


def _reason(error: ResponseError) -> str:
    words = {"FENCED": "fenced", "FULL": "full", "OOM": "memory"}
    return next((word for sign, word in words.items() if sign in str(error)), "other")


def _refusal(error: ResponseError, lease: Lease) -> Exception:
    text = str(error)
    if "FENCED" in text:
        return Conflict(f"{lease.key} has passed to another holder: nothing was published")
    if "FULL" in text:
        return Unavailable("the quote stream is full: ingest is behind, or nobody trims what is stored: `flask status`")
    if isinstance(error, OutOfMemoryError):
        return Unavailable("Redis has no memory left: ingest is behind, or `maxmemory` is too small: `flask status`")
    return Unavailable(f"Redis refused the batch: {text[:200]}")


def stream_state(client: Redis) -> StreamState:
    """How the stream stands, whatever bytes its entries hold; zeros, `0-0` and None before the first quote."""
    if not client.exists(keys.STREAM):
        return StreamState(0, 0, "0-0", None)
    # The answer has the entries at both ends, whose words need not be text.
    info: Any = client.execute_command("XINFO STREAM", keys.STREAM, **{NEVER_DECODE: True})  # type: ignore[no-untyped-call]
    first = info["first-entry"]
    last_id = info["last-generated-id"].decode()
    return StreamState(info["length"], info["entries-added"], last_id, first[0].decode() if first else None)
