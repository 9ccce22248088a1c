"""Making a consumer group where there is none: at the place up to which the last one acknowledged, never at the end.

A group and the stream's generation are made together; a flush of the server takes both.
"""

from collections.abc import Callable
from typing import Final, cast
from uuid import uuid4

from redis import Redis

from app.bus import keys

# Where a group left off: the generation of the stream, and the id up to which everything was acknowledged.
Position = tuple[str, str]

# Compares stream ids; parts may be too large for numbers of Lua.
IS_AFTER: Final = """
local function is_more(a, b)
  if #a ~= #b then return #a > #b end
  return a > b
end
local function is_after(one, other)
  local one_ms, one_part = string.match(one, '^(%d+)-?(%d*)$')
  local other_ms, other_part = string.match(other, '^(%d+)-?(%d*)$')
  if one_ms ~= other_ms then return is_more(one_ms, other_ms) end
  return is_more(one_part == '' and '0' or one_part, other_part == '' and '0' or other_part)
end
local function named(flat)
  local found = {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end
"""

# KEYS: stream, generation. ARGV: group, a fresh generation, the generation and the id that were saved, or ''.
# How many entries the group has read is told to the server where it is known; else the server finds out by itself.
_JOIN: Final = f"""{IS_AFTER}
redis.call('SET', KEYS[2], ARGV[2], 'NX')
local generation = redis.call('GET', KEYS[2])
local start, read = '0', nil
if redis.call('EXISTS', KEYS[1]) == 1 then
  local stream = named(redis.call('XINFO', 'STREAM', KEYS[1]))
  local last = stream['last-generated-id']
  if ARGV[3] == generation and not is_after(ARGV[4], last) then start = ARGV[4] end
  local before = stream['entries-added'] - stream['length']
  if start == last then
    read = stream['entries-added']
  elseif stream['length'] == 0 or is_after(stream['first-entry'][1], start) then
    read = before
  end
else
  read = 0
end
local words = {{'XGROUP', 'CREATE', KEYS[1], ARGV[1], start, 'MKSTREAM'}}
if read then
  words[7], words[8] = 'ENTRIESREAD', string.format('%.0f', read)
end
local made = redis.pcall(unpack(words))
if type(made) == 'table' and made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
return generation
"""


def join_group(client: Redis, group: str, position: Callable[[], Position | None]) -> str:
    """Make the group unless it is there; returns the generation of its stream.

    It begins after the saved `position` where that is of this stream, else at the stream's beginning. `position` is
    only asked when there is no group and the stream is not a new one.
    """
    generation = client.get(keys.GENERATION)
    if generation is None or not _is_there(client, group):
        saved = position() if generation else None
        generation = client.eval(_JOIN, 2, keys.STREAM, keys.GENERATION, group, uuid4().hex, *(saved or ("", "")))
    return _text(generation)


def _is_there(client: Redis, group: str) -> bool:
    groups = client.xinfo_groups(keys.STREAM) if client.exists(keys.STREAM) else []
    return any(_text(row["name"]) == group for row in groups)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else cast(str, value)
