"""What was published under each fencing token, as the publish script counts it in Redis: events, and last numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash
from app.quotes import seq_of

# By source, fencing token, symbol and trading day.
Published = dict[tuple[str, int, str, date], int]
# By source, the epoch of the numbers, and trading day.
LastNumbers = dict[tuple[str, int, date], int]
# KEYS: counts. ARGV: names and counts in turn.
_RAISE: Final = """
for i = 1, #ARGV, 2 do
  local had = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > had then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
"""


@dataclass(frozen=True)
class Publishing:
    """What Redis tells of publishing: how many events there were, and the last numbers that were given to any."""

    counts: Published
    last_numbers: LastNumbers


def read_publishing(client: Redis) -> Publishing:
    """All that Redis has; each figure only ever grows, and nothing of a token is here once it was forgotten.

    Events that a collector had to drop count as published once it announces the loss. Sources whose numbers need not be
    contiguous have no last numbers. `client` replies in text.
    """
    counts: Published = {}
    last: LastNumbers = {}
    for key, source, token in _hashes(client):
        fields = read_hash(client, key)
        for (day, symbol), count in _counts(fields).items():
            counts[source, token, symbol, day] = count
        for (epoch, day), number in _numbers(fields).items():
            last[source, epoch, day] = max(number, last.get((source, epoch, day), 0))
    return Publishing(counts, last)


def read_published(client: Redis) -> Published:
    """How many events there were, as `read_publishing` tells."""
    return read_publishing(client).counts


def forget_published(client: Redis, folded: Mapping[tuple[str, int, str, date], int], before: date) -> int:
    """Drop what Redis has of tokens that nobody holds, if all is of days earlier than `before` and is in `folded`.

    `folded` are counts that were read and kept elsewhere for good, together with the last numbers. Returns how many
    tokens were forgotten.
    """
    forgotten = 0
    for key, source, token in list(_hashes(client)):
        if read_hash(client, keys.lease(source)).get("token") == str(token):
            continue
        counts = _counts(read_hash(client, key))
        kept = all(folded.get((source, token, name, day), -1) >= count for (day, name), count in counts.items())
        if kept and all(day < before for day, _symbol in counts):
            forgotten += client.delete(key)
    return forgotten


def count_name(symbol: str, day: str) -> str:
    """The name under which the events of a symbol and trading day are counted."""
    return f"{day}|{symbol}"


def number_name(day: str, epoch: int) -> str:
    """The name under which the last number of an epoch on a trading day is kept, less the epoch: a count as well."""
    return f"{day}#{epoch}"


def raise_published(client: Redis, key: str, counts: Mapping[str, int]) -> None:
    """Write counts and last numbers by their names where the server has less or nothing: it may have been flushed."""
    if counts:
        client.eval(_RAISE, 1, key, *(str(word) for pair in counts.items() for word in pair))


def last_batch(client: Redis, key: str, publisher: str) -> int:
    """The number of the last batch that the server took from a publisher; 0 when it does not know."""
    name, number = client.hmget(key, ["publisher", "batch"])
    return int(number) if name == publisher and number else 0


def _hashes(client: Redis) -> Iterator[tuple[str, str, int]]:
    for key in client.scan_iter(match=keys.published_pattern(), count=1000):
        source, _, token = key.removeprefix(keys.published_pattern().rstrip("*")).rpartition(":")
        if token.isdecimal():
            yield key, source, int(token)


def _counts(fields: Mapping[str, str]) -> dict[tuple[date, str], int]:
    told = ((name.partition("|"), count) for name, count in fields.items())
    return {(date.fromisoformat(day), symbol): int(count) for (day, bar, symbol), count in told if bar}


def _numbers(fields: Mapping[str, str]) -> dict[tuple[int, date], int]:
    told = ((name.partition("#"), counter) for name, counter in fields.items() if "|" not in name)
    return {
        (int(epoch), date.fromisoformat(day)): seq_of(int(epoch), int(counter))
        for (day, mark, epoch), counter in told
        if mark
    }
