"""How many events were published under each fencing token, as the publish script counts them in Redis."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.hashes import read_hash

# By source, fencing token, symbol and trading day.
Published = dict[tuple[str, int, str, date], int]
# KEYS: counts. ARGV: names and counts in turn.
_RAISE: Final = """
for i = 1, #ARGV, 2 do
  local had = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > had then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
"""


def read_published(client: Redis) -> Published:
    """All counts that Redis has; each only ever grows, and nothing of a token is here once it was forgotten.

    Events that a collector had to drop are counted too, when it announces the loss. `client` replies in text.
    """
    found: Published = {}
    for key, source, token in _hashes(client):
        for (day, symbol), count in _counts(read_hash(client, key)).items():
            found[source, token, symbol, day] = count
    return found


def forget_published(client: Redis, folded: Mapping[tuple[str, int, str, date], int], before: date) -> int:
    """Drop the counts of tokens that nobody holds, if all are of days earlier than `before` and are in `folded`.

    `folded` is what was read and kept elsewhere for good. Returns how many tokens were forgotten.
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


def raise_published(client: Redis, key: str, counts: Mapping[str, int]) -> None:
    """Write counts, by the names of `count_name`, where the server has less or nothing: it may have been flushed."""
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
