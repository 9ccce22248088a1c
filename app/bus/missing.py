"""Noticing entries that were trimmed away before anybody was given them, each exactly once."""

from typing import Final

from app.bus import keys
from app.bus.joining import IS_AFTER

# KEYS: stream, losses. ARGV: group. Answers how many entries were found to be missing.
# What was added, less what the group was given and what it can still be given, is gone. What it can still be given is
# known without counting where its next entry is the stream's first, or where it has had the last one. Noting the loss
# and moving the group's own count past it happen together, so that no other reader finds it again.
_NOTICE: Final = f"""{IS_AFTER}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local mine
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = named(row)
  if group['name'] == ARGV[1] then mine = group end
end
if not mine then return 0 end
local stream = named(redis.call('XINFO', 'STREAM', KEYS[1]))
local given = mine['last-delivered-id']
local first = stream['length'] > 0 and stream['first-entry'][1] or ''
local left
if first == '' or is_after(first, given) then
  left = stream['length']
elseif given == stream['last-generated-id'] then
  left = 0
else
  return 0
end
local passed = stream['entries-added'] - left
local read = mine['entries-read']
if read == passed then return 0 end
local lost = read and passed - read or 0
if lost > 0 then
  local note = {{'kind', 'trimmed_unread', 'count', string.format('%.0f', lost), 'group', ARGV[1]}}
  for _, word in ipairs({{'after_id', given, 'before_id', first}}) do note[#note + 1] = word end
  redis.call('XADD', KEYS[2], '*', unpack(note))
end
redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], given, 'ENTRIESREAD', string.format('%.0f', passed))
return lost
"""


def notice_command(group: str) -> tuple[str | int, ...]:
    """The command that finds and announces what the group was never given; to be sent right before every reading.

    It answers how many entries were found to be missing, and announces them in `keys.LOSSES` as `trimmed_unread`.
    """
    return ("EVAL", _NOTICE, 2, keys.STREAM, keys.LOSSES, group)
