"""Announcing what a collector had to drop, or cannot read any more: counted as published, and told as lost, once."""

from dataclasses import dataclass
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.leases import Lease
from app.bus.published import count_name, number_name
from app.quotes import UNNUMBERED, counter_of, epoch_of

KIND: Final = "collector_drop"
NO_ROOM: Final = "no room"
DAMAGED_SPOOL: Final = "damaged spool"
_KEPT_S: Final = 30 * 86_400
# KEYS: lease, announced drops, losses, counts.
# ARGV: token, id, count, source, symbol, day, name of the count or '', cause,
#       and where the numbers are known: first, last, name of the last number, and that without its epoch.
_ANNOUNCE: Final = f"""
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED') end
local before = redis.call('HGET', KEYS[2], ARGV[2])
if before then return before end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[2], {_KEPT_S})
if ARGV[7] ~= '' then redis.call('HINCRBY', KEYS[4], ARGV[7], ARGV[3]) end
local note = {{'kind', '{KIND}', 'count', ARGV[3], 'source', ARGV[4], 'symbol', ARGV[5], 'session_date', ARGV[6],
               'drop', ARGV[2], 'cause', ARGV[8]}}
if ARGV[9] then
  for _, word in ipairs({{'first_seq', ARGV[9], 'last_seq', ARGV[10]}}) do note[#note + 1] = word end
  local had = tonumber(redis.call('HGET', KEYS[4], ARGV[11]) or '0')
  if tonumber(ARGV[12]) > had then redis.call('HSET', KEYS[4], ARGV[11], ARGV[12]) end
end
redis.call('XADD', KEYS[3], '*', unpack(note))
return ARGV[1]
"""


@dataclass(frozen=True)
class Drop:
    """So many events of a symbol and trading day were given numbers and then dropped; `id` is this loss's own.

    Symbol and day are None where nobody knows them any more. Their numbers are among those from `first_seq` to
    `last_seq`, both included; None where that is not known.
    """

    id: str
    source: str
    symbol: str | None
    session_date: str | None
    count: int
    cause: str = NO_ROOM
    first_seq: int | None = None
    last_seq: int | None = None

    @property
    def name(self) -> str | None:
        """The name under which these events are counted as published; None where they cannot be."""
        return count_name(self.symbol, self.session_date) if self.symbol and self.session_date else None

    @property
    def numbers(self) -> dict[str, int]:
        """Their last number, less its epoch, under the name under which it is kept; empty where it is not known."""
        if self.last_seq is None or self.session_date is None or self.source in UNNUMBERED:
            return {}
        return {number_name(self.session_date, epoch_of(self.last_seq)): counter_of(self.last_seq)}


def announce_drop(client: Redis, lease: Lease, drop: Drop) -> int:
    """Tell a loss, and return the fencing token under which its events are counted as published.

    Calling again, also under another token, adds nothing for 30 days. ResponseError `FENCED` when the lease is not
    ours. `client` replies in text.
    """
    source = drop.source
    told = (keys.announced(source), keys.LOSSES, keys.published(source, lease.token))
    of_what = (drop.symbol or "", drop.session_date or "", drop.name or "")
    words: list[object] = [lease.token, drop.id, drop.count, source, *of_what, drop.cause]
    for name, counter in drop.numbers.items():
        words += (drop.first_seq, drop.last_seq, name, counter)
    return int(client.eval(_ANNOUNCE, 4, lease.key, *told, *(str(word) for word in words)))
