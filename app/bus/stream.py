"""The quote stream: publishing in one fenced round trip, reading in a consumer group, trimming below the watermark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from app.bus import keys
from app.bus.leases import Lease
from app.clock import instant_text
from app.errors import Conflict, Unavailable
from app.quotes import Quote, to_fields

STREAM_CAP: Final = 10_000_000  # about 2 GB: 80 minutes of 2,000 events a second that nobody stores.

# KEYS: lease, stream, then one latest hash per symbol.
# ARGV: token, cap, number of symbols, per symbol (ts, seq, index of its newest event),
#       then per event the count of its words and the words.
_PUBLISH: Final = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED') end
if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[2]) then return redis.error_reply('FULL') end
local symbols = tonumber(ARGV[3])
local latest = {}
for s = 1, symbols do
  local ts, seq, key = ARGV[1 + 3 * s], ARGV[2 + 3 * s], KEYS[2 + s]
  local had = redis.call('HMGET', key, 'ts', 'seq')
  local newer = not had[1] or ts > had[1]
  if ts == had[1] then newer = #seq > #had[2] or (#seq == #had[2] and seq > had[2]) end
  if newer then latest[tonumber(ARGV[3 + 3 * s])] = key end
end
-- Whatever can fail has been asked: from here on the batch takes effect as a whole.
local at, event = 4 + 3 * symbols, 1
while ARGV[at] do
  local last = at + tonumber(ARGV[at])
  local id = redis.call('XADD', KEYS[2], '*', unpack(ARGV, at + 1, last))
  local key = latest[event]
  if key then
    redis.call('DEL', key)
    redis.call('HSET', key, 'stream_id', id, unpack(ARGV, at + 1, last))
  end
  at, event = last + 1, event + 1
end
"""


@dataclass(frozen=True)
class StreamState:
    """How the stream stands: entries kept, entries ever added, the newest id."""

    length: int
    added: int
    last_id: str


class QuotePublisher:
    """Publishes quotes of one source under its lease."""

    def __init__(self, client: Redis, lease: Lease, *, cap: int = STREAM_CAP) -> None:
        self._client = client
        self._lease = lease
        self._cap = cap
        self._script = client.register_script(_PUBLISH)

    def publish(self, quotes: Sequence[Quote]) -> None:
        """Append the quotes to the stream and update the newest per symbol, all or nothing, in one round trip.

        Rejected when a quote is malformed and Conflict when the lease has passed to another: nothing was published.
        Unavailable when the stream is full (nothing was published) or the server is away (unknown: publish the same
        quotes again, with the same sequence numbers).
        """
        if not quotes:
            return
        names, arguments = _arguments(quotes)
        try:
            self._script(
                keys=[self._lease.key, keys.STREAM, *(keys.latest(name) for name in names)],
                args=[self._lease.token, self._cap, *arguments],
            )
        except ResponseError as error:
            raise _refusal(error, self._lease) from None
        except RedisError as error:
            raise Unavailable(f"Redis is away ({type(error).__name__}): publish again") from error


def _arguments(quotes: Sequence[Quote]) -> tuple[list[str], list[Any]]:
    newest: dict[str, int] = {}
    events: list[Any] = []
    for index, quote in enumerate(quotes):
        words = to_fields(quote)
        events.append(len(words))
        events += words
        best = newest.get(quote.symbol)
        if best is None or (quote.ts, quote.seq) >= (quotes[best].ts, quotes[best].seq):
            newest[quote.symbol] = index
    head: list[Any] = [len(newest)]
    for index in newest.values():
        head += (instant_text(quotes[index].ts), quotes[index].seq, index + 1)
    return list(newest), head + events


def _refusal(error: ResponseError, lease: Lease) -> Exception:
    text = str(error)
    if "FENCED" in text:
        return Conflict(f"{lease.key} has passed to another holder: nothing was published")
    if "FULL" in text or "OOM" in text:
        return Unavailable("the quote stream is full: ingest has fallen behind, see `flask redis-to-postgres --status`")
    return Unavailable(f"Redis refused the batch: {text[:200]}")


def stream_state(client: Redis) -> StreamState:
    """The stream's length and newest id; zeros and `0-0` before the first quote."""
    if not client.exists(keys.STREAM):
        return StreamState(0, 0, "0-0")
    info = client.xinfo_stream(keys.STREAM)
    return StreamState(info["length"], info["entries-added"], info["last-generated-id"])
