"""The script that publishes a batch: fenced, at most once, counted, and as a whole or not at all."""

from typing import Final

# KEYS: lease, stream, counts, then one latest hash per symbol; for a live source then its own newest hash per symbol,
#       and that of each other live source per symbol.
# ARGV: token, publisher, number of the batch, cap,
#       number of counts, their names, how many events each grows by, and what each was at least before
#       (a last number is a count that grows by nothing, and was at least the batch's own),
#       number of symbols, per symbol (ts, seq, place of its newest event),
#       number of layouts, per layout (its words, counted, and the slots that differ, counted),
#       then per event the layout and the words of its slots.
PUBLISH: Final = """
local MANY = 1000  -- Words that go on Lua's stack at a time, which has room for 8000; an even number.
local FOLLOW_MS = 5000  -- In which sources tell the same news one after the other.
local STEADY_MS = 10000  -- After which a source that has come back is as good as one that never was behind.
local function ms_of_id(id) return tonumber(string.match(id or '', '^%d+')) end
local function ms_of_time(text)
  local y, mo, d, h, mi, s, ms = string.match(text, '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)%.(%d%d%d)')
  if tonumber(mo) < 3 then y, mo = y - 1, mo + 12 end
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
  days = days + math.floor((153 * mo - 457) / 5) + d - 719469
  return ((days * 24 + h) * 60 + mi) * 60000 + s * 1000 + ms
end
local function came_back(now, behind, back, away)  -- Since when a source follows again, and for how long it had not.
  if back and (behind or now) - back >= STEADY_MS then back, away = nil, nil end
  if behind then return now, math.max(away or 0, now - behind) end
  return back, away
end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return redis.error_reply('FENCED') end
local counted = tonumber(ARGV[5])
local had = redis.call('HMGET', KEYS[3], 'publisher', 'batch')
if had[1] == ARGV[2] and tonumber(had[2]) >= tonumber(ARGV[3]) then return 0 end
if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[4]) then return redis.error_reply('FULL') end
local counts = {'publisher', ARGV[2], 'batch', ARGV[3]}
for from = 1, counted, MANY do
  local part = math.min(counted, from + MANY - 1)
  local told = redis.call('HMGET', KEYS[3], unpack(ARGV, 5 + from, 5 + part))
  for c = from, part do
    local before = math.max(tonumber(told[1 + c - from] or '0'), tonumber(ARGV[5 + 2 * counted + c]))
    counts[3 + 2 * c] = ARGV[5 + c]
    counts[4 + 2 * c] = string.format('%.0f', before + tonumber(ARGV[5 + counted + c]))
  end
end
local at = 6 + 3 * counted
local symbols = tonumber(ARGV[at])
local kept, told = {}, {}
for s = 1, symbols do
  local ts, seq, place = ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  kept[place], told[place] = {}, {}
  for k = 3 + s, math.min(#KEYS, 3 + 2 * symbols), symbols do
    local last = redis.call('HMGET', KEYS[k], 'ts', 'seq', 'behind', 'back', 'away')
    local newer = not last[1] or ts > last[1]
    if ts == last[1] then newer = #seq > #last[2] or (#seq == #last[2] and seq > last[2]) end
    local behind, back, away = ms_of_id(last[3]), tonumber(last[4] or ''), tonumber(last[5] or '')
    if newer then table.insert(kept[place], {KEYS[k], behind, back, away}) end
  end
  for k = 3 + 2 * symbols + s, #KEYS, symbols do
    local other = redis.call('HMGET', KEYS[k], 'ts', 'stream_id', 'behind')
    if other[1] and not other[3] then
      local came = ms_of_id(other[2]) or 0
      -- What happened after the other's quote had come is news, also where the other's clock runs ahead.
      if ts > other[1] or ms_of_time(ts) > came then table.insert(told[place], {KEYS[k], came}) end
    end
  end
  at = at + 3
end
local layouts, slots = {}, {}
at = at + 1
for l = 1, tonumber(ARGV[at]) do
  local words = tonumber(ARGV[at + 1])
  layouts[tostring(l)] = {unpack(ARGV, at + 2, at + 1 + words)}
  at = at + 2 + words
  local places = {}
  for p = 1, tonumber(ARGV[at]) do places[p] = tonumber(ARGV[at + p]) end
  slots[tostring(l)] = places
  at = at + #places
end
-- Whatever can fail has been asked: from here on the batch takes effect as a whole.
local event = 1
at = at + 1
while ARGV[at] do
  local words, places = layouts[ARGV[at]], slots[ARGV[at]]
  for p = 1, #places do words[places[p]] = ARGV[at + p] end
  local id = redis.call('XADD', KEYS[2], '*', unpack(words))
  if kept[event] then
    local now = ms_of_id(id)
    for _, one in ipairs(kept[event]) do
      redis.call('DEL', one[1])
      redis.call('HSET', one[1], 'stream_id', id, unpack(words))
      local back, away = came_back(now, one[2], one[3], one[4])
      if back then redis.call('HSET', one[1], 'back', back, 'away', away) end
    end
    for _, other in ipairs(told[event]) do
      if now - other[2] > FOLLOW_MS then redis.call('HSET', other[1], 'behind', id) end
    end
  end
  at, event = at + 1 + #places, event + 1
end
for from = 1, #counts, MANY do
  redis.call('HSET', KEYS[3], unpack(counts, from, math.min(#counts, from + MANY - 1)))
end
return 1
"""
