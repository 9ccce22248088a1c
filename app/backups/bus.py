"""What Redis has that is nowhere else: the stream's entries that may not be stored yet, and counts that only grow.

It is written as commands in Redis' own protocol, so that `redis-cli --pipe` understands it as well.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import hiredis
from redis import Redis
from redis.client import Pipeline

from app.bus import keys
from app.bus.marks import oldest_waiting
from app.errors import Conflict, Unavailable

BATCH: Final = 10_000
# Wishes, leases, health and pulses are of the machine, and what is cached is made again.
KEPT: Final = (
    keys.GENERATION,
    keys.LOSSES,
    keys.DEAD_STREAM,
    keys.RETENTION_DONE,
    keys.published_pattern(),
    "quotes:latest:*",
    "quotes:by_source:*",
    "quotes:baseline:*",
    "collector:*:epoch",
    "collector:*:alive:*",
)
# All that Thor writes; the server's database may also have keys of others.
OURS: Final = (
    "quotes:*",
    "collector:*",
    "control:*",
    "worker:*:pulse",
    "worker:*:busy",
    "retention:*",
    "cache:tick_counts:*",
    "cache:premarket:*",
)
_STAGED: Final = b"restoring:"
_LONGEST_MULTI: Final = 2 * BATCH
_KINDS: Final = ("string", "hash", "stream")
Entry = tuple[bytes, Sequence[bytes]]


class StreamTrimmed(Conflict):
    """Entries were trimmed from the stream between two readings: read it again from its oldest waiting entry."""


@dataclass
class StreamEnd:
    """Reads the end of the stream while others write it.

    `read_ahead` before a snapshot of the tables and `finish` after it: whatever was published before `finish`, and was
    not stored at the snapshot, was handed to `write`. `client` is this reader's alone, and replies in bytes.
    """

    client: Redis
    write: Callable[[bytes], object]
    entries: int = 0
    first_id: str | None = None
    last_id: str | None = None
    _added: int = field(default=0, init=False)
    _after: str = field(default="0-0", init=False)

    def __post_init__(self) -> None:
        # An entry may have a name twice, which a dictionary would forget.
        self.client.set_response_callback("XRANGE", _raw)

    def read_ahead(self) -> None:
        """Write what waits to be stored, and what came since, as far as the stream goes now."""
        oldest = oldest_waiting(self.client)
        self._after = oldest or (_last_id(self.client) if self.client.exists(keys.STREAM) else "0-0")
        start = self._after if oldest else f"({self._after}"
        while len(found := _range(self.client, start)) == BATCH:
            self._take(found)
            start = f"({self._after}"
        state, _commands = self._at_once(start, ())
        self._added = state["entries-added"] if state else 0

    def finish(self) -> list[bytes]:
        """Write what came since `read_ahead`; returns the commands that make everything else that is kept.

        They are of the same moment. StreamTrimmed when something that came since was trimmed already.
        """
        names = _kept_names(self.client)
        before = self.entries
        state, commands = self._at_once(f"({self._after}", names)
        added = state["entries-added"] if state else 0
        if added - self._added != self.entries - before:
            raise StreamTrimmed("the stream was trimmed meanwhile: run it again")
        if set(_kept_names(self.client)) - set(names):
            raise StreamTrimmed("another collector began meanwhile: run it again")
        self._added = added
        return [*(_stream_end(state) if state else ()), *commands]

    def _at_once(self, start: str, names: tuple[str, ...]) -> tuple[dict[str, Any] | None, list[bytes]]:
        kinds = _types_of(self.client, names)
        with self.client.pipeline(transaction=True) as pipe:
            pipe.exists(keys.STREAM)
            pipe.xrange(keys.STREAM, start, "+", count=_LONGEST_MULTI)
            pipe.xinfo_stream(keys.STREAM)
            for name, kind in kinds.items():
                _ask(pipe, name, kind)
                pipe.pttl(name)
            exists, found, state, *read = pipe.execute(raise_on_error=False)
        for answer in (found, state) if exists else ():
            if isinstance(answer, Exception):
                raise answer
        if exists and len(found) == _LONGEST_MULTI:
            raise Unavailable("the stream grows faster than it can be read: try again when less is published")
        self._take(found if exists else [])
        return state if exists else None, _commands(kinds, read)

    def _take(self, found: Sequence[Entry]) -> None:
        if found:
            self.write(b"".join(_packed("XADD", keys.STREAM, entry_id, *words) for entry_id, words in found))
            self.first_id = self.first_id or found[0][0].decode()
            self.last_id = self._after = found[-1][0].decode()
            self.entries += len(found)


def is_used(client: Redis) -> bool:
    """Whether the bus has had quotes, or counts of any."""
    if client.exists(keys.STREAM) and client.xinfo_stream(keys.STREAM)["entries-added"]:
        return True
    return next(iter(client.scan_iter(match=keys.published_pattern(), count=1000)), None) is not None


def clear(client: Redis) -> int:
    """Remove every key of Thor's; returns how many."""
    names = [name for pattern in OURS for name in client.scan_iter(match=pattern, count=1000)]
    return sum(int(client.delete(*names[at : at + 1000])) for at in range(0, len(names), 1000))


def stage(client: Redis, read: Callable[[int], bytes]) -> int:
    """Run the commands of a backup on names aside; returns how many entries the stream then has.

    What an earlier staging left is removed first. `put` makes them count.
    """
    left = list(client.scan_iter(match=(_STAGED + b"*").decode(), count=1000))
    for name in left:
        client.delete(name)
    entries, pipe = 0, client.pipeline(transaction=False)
    for words in _parsed(read):
        name = words[2] if words[0] == b"XGROUP" else words[1]
        entries += words[0] == b"XADD" and name == keys.STREAM.encode()
        at = 2 if words[0] == b"XGROUP" else 1
        pipe.execute_command(*words[:at], _STAGED + name, *words[at + 1 :])  # type: ignore[no-untyped-call]
        if len(pipe) >= BATCH:
            pipe.execute()
    pipe.execute()
    return entries


def put(client: Redis) -> int:
    """Let what was staged count, all of it at one moment; returns how many keys that are."""
    names = [bytes(name) for name in client.scan_iter(match=(_STAGED + b"*").decode(), count=1000)]
    with client.pipeline(transaction=True) as pipe:
        for name in names:
            pipe.rename(name, name.removeprefix(_STAGED))
        pipe.execute()
    return len(names)


def _parsed(read: Callable[[int], bytes]) -> Iterator[list[bytes]]:
    reader = hiredis.Reader()
    while data := read(1 << 20):
        reader.feed(data)
        while (words := reader.gets()) is not False:
            yield words


def _kept_names(client: Redis) -> tuple[str, ...]:
    found = {bytes(name).decode() for pattern in OURS for name in client.scan_iter(match=pattern, count=1000)}
    return tuple(sorted(name for name in found if any(fnmatchcase(name, pattern) for pattern in KEPT)))


def _types_of(client: Redis, names: tuple[str, ...]) -> dict[str, str]:
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.type(name)
        kinds = [bytes(kind).decode() for kind in pipe.execute()]
    return {name: kind for name, kind in zip(names, kinds, strict=True) if kind in _KINDS}


def _ask(pipe: Pipeline, name: str, kind: str) -> None:
    if kind == "stream":
        pipe.xrange(name)
    elif kind == "hash":
        pipe.hgetall(name)
    else:
        pipe.get(name)


def _commands(kinds: dict[str, str], read: list[Any]) -> list[bytes]:
    made: list[bytes] = []
    for (name, kind), value, left_ms in zip(kinds.items(), read[::2], read[1::2], strict=True):
        if not value or isinstance(value, Exception):  # It expired this moment.
            continue
        if kind == "stream":
            made += [_packed("XADD", name, entry_id, *words) for entry_id, words in value]
        elif kind == "hash":
            made.append(_packed("HSET", name, *(word for pair in value.items() for word in pair)))
        else:
            made.append(_packed("SET", name, value))
        if left_ms > 0:
            made.append(_packed("PEXPIRE", name, left_ms))
    return made


def _stream_end(state: dict[str, Any]) -> list[bytes]:
    # It knows how many entries it ever had and its newest id: nothing seems to be lost, and no id comes twice.
    make = _packed("XGROUP", "CREATE", keys.STREAM, "restoring", "0", "MKSTREAM")
    bare = _packed("XGROUP", "DESTROY", keys.STREAM, "restoring")
    last = state["last-generated-id"]
    return [make, bare, _packed("XSETID", keys.STREAM, last, "ENTRIESADDED", state["entries-added"])]


def _range(client: Redis, start: str) -> Sequence[Entry]:
    found: Any = client.xrange(keys.STREAM, start, "+", count=BATCH)
    return list(found or [])


def _last_id(client: Redis) -> str:
    state: Any = client.xinfo_stream(keys.STREAM)
    return bytes(state["last-generated-id"]).decode()


def _raw(reply: Any, **_options: Any) -> Any:
    return reply


def _packed(*words: Any) -> bytes:
    return bytes(hiredis.pack_command(words))
