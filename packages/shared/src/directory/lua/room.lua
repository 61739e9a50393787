-- What every script that changes a room shares; it is put before each of them.
--
-- KEYS   1 meta · 2 slices · 3 fenced · 4 peers · 5 producers · 6 events · 7 the room's channel
-- ARGV   1 PUBLISH or SPUBLISH
--        2 batches, and 3 their bytes, that readers may count on
--        4 how long a room lives untouched, ms
--        5 how long an empty room lives, ms
--        6 the writer's node
--        7 the writer's token (node and boot)
--        8 the writer's sliceFenced event, for the process that fences it
--        9 and 10 the epoch and the number that the writer has heard, where it says so
--        11… the script's own
--
-- Records and events are texts made by the caller. Nothing here decodes or encodes JSON: cjson would turn empty arrays
-- into objects, round numbers, and fail on what a client may write.

local META, SLICES, FENCED, PEERS, PRODUCERS, EVENTS, CHANNEL = unpack(KEYS)
local publishCommand, keptBatches, keptBytes, roomTtl, emptyTtl = unpack(ARGV, 1, 5)
local writerNode, writer, writerFenced, heardEpoch, heardSeq = unpack(ARGV, 6, 10)

-- The room's epoch as text, or false where there is no room; the number of its last event; the id of a batch in the
-- stream, and the bytes of the batches since.
local epoch, seq, mark, bytesSinceMark = unpack(redis.call('HMGET', META, 'epoch', 'seq', 'mark', 'since'))
seq = seq and string.match(seq, '^%d+$') and tonumber(seq)
if not seq or not epoch or not string.match(epoch, '^%d+$') then epoch = false end
bytesSinceMark = tonumber(bytesSinceMark or 0) or 0

local events = {}
-- Whether a key may be new, or the room may have become empty: then every expiry is set anew.
local unsettled = false

local function emit(event)
  events[#events + 1] = event
end

local function integer(number)
  return string.format('%.0f', number)
end

local function ownerOf(record)
  return string.match(record, '^[^\n]*')
end

-- owner, "peerId":…, session, token hash, generation, record. Nil where the text is no peer's.
local function splitPeer(value)
  return string.match(value, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(%d+)\n(.*)$')
end

-- The peer as it is in the room, or nil: one that cannot be read counts as not there.
local function peerAt(id)
  local value = redis.call('HGET', PEERS, id)
  if not value then return nil end
  local owner, line, session, hash, generation = splitPeer(value)
  if not owner then return nil end
  return { value = value, owner = owner, line = line, session = session, hash = hash, generation = tonumber(generation) }
end

-- Writes a peer. `head` is the lines before its generation, `body` its record without it. Returns the record, or false
-- where the room has it just so.
local function putPeer(id, head, generation, body, known)
  local record = string.sub(body, 1, -2) .. ',"generation":' .. integer(generation) .. '}'
  local value = head .. '\n' .. integer(generation) .. '\n' .. record
  if known and known.value == value then return false end
  redis.call('HSET', PEERS, id, value)
  if not known then unsettled = true end
  return record
end

local function emitPeer(event, record)
  if record then emit('{"type":"' .. event .. '","peer":' .. record .. '}') end
end

-- owner, "peerId":…, "producerId":…, "kind":…, paused, record. Nil where the text is no producer's.
local function splitProducer(value)
  return string.match(value, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([01])\n(.*)$')
end

-- A hash as a list of {id, value}, in the order of the ids: what happens does not depend on how Redis stores it.
local function entries(key)
  local flat = redis.call('HGETALL', key)
  local list = {}
  for i = 1, #flat, 2 do
    list[#list + 1] = { id = flat[i], value = flat[i + 1] }
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

-- `reason` is '' or a JSON string.
local function removeProducer(id, value, reason)
  local _, peer, producer, kind = splitProducer(value)
  redis.call('HDEL', PRODUCERS, id)
  local tail = reason == '' and '}' or ',"reason":' .. reason .. '}'
  emit('{"type":"producerClosed",' .. producer .. ',' .. peer .. ',' .. kind .. tail)
end

local function removeProducersOf(peerLine, reason)
  for _, producer in ipairs(entries(PRODUCERS)) do
    local _, peer = splitProducer(producer.value)
    if peer == peerLine then removeProducer(producer.id, producer.value, reason) end
  end
end

local function removePeer(id, peerLine, reason)
  redis.call('HDEL', PEERS, id)
  unsettled = true
  emit('{"type":"peerLeft",' .. peerLine .. ',"reason":' .. reason .. '}')
end

-- Takes the boot's claim and its producers out of the room, in the order of the producers' ids. Its peers stay: they are
-- orphans now, which another node may take, or a gateway reaps after a while.
local function orphanSlice(node, token)
  local holder = redis.call('HGET', SLICES, node)
  if holder and ownerOf(holder) == token then redis.call('HDEL', SLICES, node) end
  for _, producer in ipairs(entries(PRODUCERS)) do
    if splitProducer(producer.value) == token then removeProducer(producer.id, producer.value, '"nodeLost"') end
  end
end

local function fence(node, token, fencedEvent)
  redis.call('SADD', FENCED, token)
  unsettled = true
  emit(fencedEvent)
  orphanSlice(node, token)
end

local function isFenced()
  return redis.call('SISMEMBER', FENCED, writer) == 1
end

-- Another boot of the writer's node that still holds the slice is fenced: the one that writes now is the newer. Returns
-- whether the slice is the writer's already. A claim that cannot be read counts as none.
local function takeover()
  local holder = redis.call('HGET', SLICES, writerNode)
  local token, fencedEvent = string.match(holder or '', '^(%[[^\n]*)\n({"type":"sliceFenced",[^\n]*})$')
  if not token then return false end
  if token == writer then return true end
  fence(writerNode, token, fencedEvent)
  return false
end

local function claim()
  redis.call('HSET', SLICES, writerNode, writer .. '\n' .. writerFenced)
  unsettled = true
end

-- A new life: its epoch is Redis's time in ms, and greater than one that the caller knew.
local function birth(atLeastEpoch)
  local now = redis.call('TIME')
  epoch = integer(math.max(now[1] * 1000 + math.floor(now[2] / 1000), tonumber(atLeastEpoch) + 1))
  seq, mark, bytesSinceMark = 0, false, 0
  redis.call('DEL', META, SLICES, FENCED, PEERS, PRODUCERS, EVENTS)
  redis.call('HSET', META, 'epoch', epoch, 'seq', 0)
  unsettled = true
end

-- Sets the expiry of every key. Not more often than needed: a change in a busy room finds nine tenths of it left.
local function renew()
  if not unsettled and redis.call('PTTL', META) > 0.9 * roomTtl then return end
  local ttl = redis.call('HLEN', PEERS) > 0 and roomTtl or emptyTtl
  for i = 1, 6 do redis.call('PEXPIRE', KEYS[i], ttl) end
end

-- Keeps a batch for readers that missed it. Batches are cut off about at their greatest count (exactly would cost more
-- than all the rest), and at the mark before last once those since the last are enough by their bytes: so the stream has
-- between one and two times `keptBytes`. `events-after` is exact in both.
local function keep(id, first, list)
  local entry = { 'seq', first, 'events', list }
  local added = redis.pcall('XADD', EVENTS, 'MAXLEN', '~', keptBatches, id, unpack(entry))
  if type(added) == 'table' and added.err then
    -- Written to by a stranger: another type, or an entry beyond ours.
    redis.call('DEL', EVENTS)
    unsettled = true
    redis.call('XADD', EVENTS, id, unpack(entry))
  end
  bytesSinceMark = bytesSinceMark + #list
  if bytesSinceMark <= tonumber(keptBytes) then return end
  if mark then redis.pcall('XTRIM', EVENTS, 'MINID', mark) end
  mark, bytesSinceMark = id, 0
end

-- Numbers what happened, keeps it, publishes it. Returns the number of the last event.
local function publish()
  if #events == 0 then return seq end
  -- A fail-over has lost what the writer has heard: the numbers of it are not given twice.
  if heardEpoch == epoch then seq = math.max(seq, tonumber(heardSeq)) end
  local first = integer(seq + 1)
  seq = seq + #events
  local list = table.concat(events, ',')
  keep(epoch .. '-' .. integer(seq), first, list)
  redis.call('HSET', META, 'seq', integer(seq), 'since', integer(bytesSinceMark))
  if mark then redis.call('HSET', META, 'mark', mark) end
  renew()
  redis.call(publishCommand, CHANNEL, '{"epoch":' .. epoch .. ',"seq":' .. first .. ',"events":[' .. list .. ']}')
  return seq
end
