"""Reading the stream in a consumer group: nothing is forgotten until it is acknowledged."""

import logging
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import hiredis
from redis import Redis
from redis.exceptions import ResponseError

from app.bus import keys
from app.bus.joining import Position, join_group
from app.bus.missing import notice_command
from app.errors import Rejected

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0  # For how long an answer may be overdue before the connection counts as dead.
_CONSUMER = re.compile(r"[A-Za-z0-9._-]{1,64}")
# What the server says to a reader whose group went away, before it reads or while it waits.
_GROUP_GONE: Final = ("NOGROUP", "UNBLOCKED")

# One stream entry as raw bytes: its id, and names and values in turn (None when the entry was trimmed away).
Entry = tuple[bytes, list[bytes] | None]


@dataclass(frozen=True)
class GroupState:
    """What a group has yet to do: `lag` entries never delivered, `pending` delivered and not acknowledged."""

    lag: int
    pending: int
    last_delivered_id: str

    @property
    def behind(self) -> int:
        """Entries of the stream that are not yet stored."""
        return self.lag + self.pending


class GroupReader:
    """One consumer of the ingest group. `client` must return bytes (`decode_responses=False`)."""

    def __init__(self, client: Redis, consumer: str, *, group: str = keys.INGEST_GROUP) -> None:
        self._client = client
        self._consumer = consumer
        self._group = group
        self._asking: Any = None
        self._acking: Any = None
        self._overdue_s: deque[float] = deque()  # One for each question that is not answered.
        self._is_acked = True
        for command in ("XREADGROUP", "XCLAIM"):
            client.set_response_callback(command, _raw)

    def join(self, position: Callable[[], Position | None] = lambda: None) -> str:
        """Create the group unless it is there; returns the stream's generation.

        It begins after the `position` up to which everything was acknowledged, where that was saved for this very
        stream, else at the stream's beginning.
        """
        return join_group(self._client, self._group, position)

    def read_own(self, after: bytes, count: int) -> list[Entry]:
        """Entries delivered to this consumer earlier and never acknowledged, after an id (`b"0"` for the first)."""
        return _entries(self._call(*self._command(after, count, None)))

    def ask_new(self, count: int, block_ms: int | None) -> None:
        """Ask for entries never delivered to anyone, waiting up to `block_ms` for the first; `take_new` has the answer.

        None waits for nothing; the server looks only about every 100 ms whether a wait is over. It prepares the answer
        while the caller works on the one before, and questions may be asked ahead. What was trimmed away before anyone
        was given it is announced as lost right before.
        """
        if self._asking is None:
            self._asking = self._client.connection_pool.get_connection()
        notice, read = notice_command(self._group), self._command(b">", count, block_ms)
        # Without a ping first: its answer would be taken for one that is still to come.
        self._asking.send_packed_command(self._asking.pack_commands([notice, read]), check_health=False)
        self._overdue_s.append((block_ms or 0) / 1000 + ANSWER_S)

    @property
    def asked(self) -> int:
        """How many questions are not answered yet."""
        return len(self._overdue_s)

    def has_answer(self, within_s: float) -> bool:
        """Whether the answer to the oldest question begins to come in so many seconds."""
        return bool(self._overdue_s) and bool(self._asking.can_read(timeout=within_s))

    def take_new(self) -> list[Entry]:
        """The answer to the oldest question, empty when nothing came in time; RedisError when there is no answer."""
        within_s = self._overdue_s[0]
        try:
            if lost := self._asking.read_response(timeout=within_s):
                log.error("%s entries were trimmed from the stream before anybody read them: they are lost", lost)
        except ResponseError as error:
            log.warning("whether entries were trimmed unread could not be told: %s", error)
        entries = _entries(self._asking.read_response(disable_decoding=True, timeout=within_s))
        self._overdue_s.popleft()
        return entries

    def leave(self) -> None:
        """Drop the connections of unanswered questions; what they would have delivered stays pending."""
        for connection in (self._asking, self._acking):
            if connection is not None:
                connection.disconnect()
                self._client.connection_pool.release(connection)
        self._asking = self._acking = None
        self._overdue_s.clear()
        self._is_acked = True

    def claim_lost(self, idle_ms: int, count: int, *, own: bool) -> list[Entry]:
        """Take over entries pending for `idle_ms` with consumers whose lease is gone, up to `count` of each.

        With `own` also this consumer's: answers that got lost on their way to it. Words are None where the entry was
        trimmed away before it was stored; such an entry stays with its consumer, and is found again by anybody until it
        is acknowledged.
        """
        self.finish_acks()
        # Its own first: what it takes over becomes its own.
        names = [*([self._consumer] if own else []), *self.dead_consumers()]
        return [entry for name in names for entry in self._claim(name, idle_ms, count)]

    def dead_consumers(self) -> list[str]:
        """Other consumers with pending entries whose lease is gone: dead, or standing still."""
        names = []
        for consumer in self._client.xinfo_consumers(keys.STREAM, self._group):
            name = consumer["name"].decode()
            if name != self._consumer and consumer["pending"] and not self._client.exists(keys.ingest_lease(name)):
                names.append(name)
        return names

    def ack(self, ids: Sequence[bytes]) -> None:
        """Acknowledge entries that are stored for good."""
        if ids:
            self._client.xack(keys.STREAM, self._group, *ids)

    def send_ack(self, ids: Sequence[bytes]) -> None:
        """Acknowledge entries that are stored for good, without waiting for the server; `finish_acks` waits."""
        self.finish_acks()
        if ids:
            if self._acking is None:
                self._acking = self._client.connection_pool.get_connection()
            words: tuple[Any, ...] = ("XACK", keys.STREAM, self._group, *ids)
            self._acking.send_packed_command([hiredis.pack_command(words)], check_health=False)
            self._is_acked = False

    def finish_acks(self) -> None:
        """Wait until what was acknowledged counts as such; RedisError when that is not known."""
        if not self._is_acked:
            self._acking.read_response(timeout=ANSWER_S)
            self._is_acked = True

    def state(self) -> GroupState:
        """How far the group is behind the stream."""
        return group_state(self._client, self._group)

    def _command(self, start: bytes, count: int, block_ms: int | None) -> tuple[Any, ...]:
        wait = ("BLOCK", block_ms) if block_ms is not None else ()
        reader = ("GROUP", self._group, self._consumer)
        return ("XREADGROUP", *reader, "COUNT", count, *wait, "STREAMS", keys.STREAM, start)

    def _call(self, *words: Any) -> Any:
        return self._client.execute_command(*words)  # type: ignore[no-untyped-call]

    def _claim(self, name: str, idle_ms: int, count: int) -> list[Entry]:
        pending = self._client.xpending_range(
            keys.STREAM, self._group, "-", "+", count, consumername=name, idle=idle_ms
        )
        ids = [cast(bytes, row["message_id"]) for row in pending]
        # The server forgets a claimed entry that the stream no longer has, and with it the only evidence of a loss.
        there = self._still_there(ids)
        missing: list[Entry] = [(gone, None) for gone in ids if gone not in there]
        kept = [entry_id for entry_id in ids if entry_id in there]
        if not kept:
            return missing
        claimed = cast(list[Entry], self._call("XCLAIM", keys.STREAM, self._group, self._consumer, idle_ms, *kept))
        # One that was trimmed away this very moment is forgotten all the same; others went to another reader.
        unclaimed = sorted(set(kept) - {entry_id for entry_id, _words in claimed})
        there = self._still_there(unclaimed)
        return missing + claimed + [(gone, None) for gone in unclaimed if gone not in there]

    def _still_there(self, ids: Sequence[bytes]) -> set[bytes]:
        with self._client.pipeline(transaction=False) as pipe:
            for entry_id in ids:
                pipe.xrange(keys.STREAM, entry_id, entry_id)
            return {entry_id for entry_id, found in zip(ids, pipe.execute(), strict=True) if found}


def is_group_gone(error: Exception) -> bool:
    """Whether the server refused a reading because the group, or the stream with it, is no longer there."""
    return isinstance(error, ResponseError) and any(word in str(error) for word in _GROUP_GONE)


def parse_consumer(text: str) -> str:
    """The name of a stream's reader; Rejected unless it is 1 to 64 letters, digits, dots, hyphens and underscores."""
    if not _CONSUMER.fullmatch(text):
        raise Rejected("a consumer id is 1 to 64 letters, digits, dots, hyphens and underscores, such as worker1")
    return text


def group_state(client: Redis, group: str = keys.INGEST_GROUP) -> GroupState:
    """How far `group` is behind the stream; all entries are behind before the group exists.

    Where the server has lost count, because entries were deleted by hand, `lag` is the stream's length or 0.
    """
    if not client.exists(keys.STREAM):
        return GroupState(0, 0, "0-0")
    for row in client.xinfo_groups(keys.STREAM):
        if _text(row["name"]) == group:
            last = _text(row["last-delivered-id"])
            lag = row["lag"] if row["lag"] is not None else _uncounted(client, last)
            return GroupState(lag, row["pending"], last)
    return GroupState(client.xlen(keys.STREAM), 0, "0-0")


def _uncounted(client: Redis, last_delivered_id: str) -> int:
    return client.xlen(keys.STREAM) if client.xrange(keys.STREAM, f"({last_delivered_id}", count=1) else 0


def _entries(reply: Any) -> list[Entry]:
    if not reply:
        return []
    [(_stream, entries)] = reply.items() if isinstance(reply, dict) else reply
    return cast(list[Entry], entries)


def _raw(reply: Any, **_options: Any) -> Any:
    return reply


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
