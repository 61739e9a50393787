-- What every script that changes a room shares; it is put before each of them.
--
-- KEYS   1 meta · 2 slices · 3 fenced · 4 peers · 5 producers · 6 events · 7 the room's channel
-- ARGV   1 PUBLISH or SPUBLISH
--        2 batches that readers may count on
--        3 how long a room lives untouched, ms
--        4 how long an empty room lives, ms
--        5 the writer's node
--        6 the writer's token (node and boot)
--        7 the writer's sliceFenced event, for whoever fences it
--        8… the script's own
--
-- Records and events are texts made by the caller. Nothing here decodes or encodes JSON: cjson would turn empty arrays
-- into objects, round numbers, and fail on what a client may write.

local META, SLICES, FENCED, PEERS, PRODUCERS, EVENTS, CHANNEL = unpack(KEYS)
local publishCommand, keptBatches, roomTtl, emptyTtl = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local writerNode, writer, writerFenced = ARGV[5], ARGV[6], ARGV[7]

-- The room's epoch as text, or false where there is no room.
local epoch = redis.call('HGET', META, 'epoch')
local events = {}
-- How far the writer has heard the room, where it says so.
local heardEpoch, heardSeq
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

-- owner, "peerId":…, session, record
local function sessionOf(peer)
  return string.match(peer, '^[^\n]*\n[^\n]*\n([^\n]*)\n')
end

-- owner, "peerId":…, "producerId":…, "kind":…, paused, record
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

local function removePeer(id, peerLine, reason)
  redis.call('HDEL', PEERS, id)
  unsettled = true
  emit('{"type":"peerLeft",' .. peerLine .. ',"reason":' .. reason .. '}')
end

-- Takes the boot's claim and its producers out of the room, in the order of the peers' lines and the producers' ids.
-- Its peers stay: they are orphans now, whom another node may take, or whoever waited in vain for that may reap.
local function orphanSlice(node, token)
  local holder = redis.call('HGET', SLICES, node)
  if holder and ownerOf(holder) == token then redis.call('HDEL', SLICES, node) end
  for _, producer in ipairs(entries(PRODUCERS)) do
    if ownerOf(producer.value) == token then removeProducer(producer.id, producer.value, '"nodeLost"') end
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
-- whether the slice is the writer's already.
local function takeover()
  local holder = redis.call('HGET', SLICES, writerNode)
  if not holder then return false end
  local token, fencedEvent = string.match(holder, '^([^\n]*)\n(.*)$')
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
  redis.call('DEL', SLICES, FENCED, PEERS, PRODUCERS, EVENTS)
  redis.call('HSET', META, 'epoch', epoch, 'seq', 0)
  unsettled = true
end

-- Sets the expiry of every key. Not more often than needed: a change in a busy room finds nine tenths of it left.
local function renew()
  if not unsettled and redis.call('PTTL', META) > 0.9 * roomTtl then return end
  local ttl = redis.call('HLEN', PEERS) > 0 and roomTtl or emptyTtl
  for i = 1, 6 do redis.call('PEXPIRE', KEYS[i], ttl) end
end

-- Numbers what happened, keeps it, publishes it. Returns the number of the last event.
local function publish()
  if #events == 0 then return tonumber(redis.call('HGET', META, 'seq')) end
  local last = redis.call('HINCRBY', META, 'seq', #events)
  -- A fail-over has lost what the writer has heard: the numbers of it are not given twice.
  if heardEpoch == epoch and last - #events < tonumber(heardSeq) then
    last = redis.call('HINCRBY', META, 'seq', heardSeq - (last - #events))
  end
  local first = integer(last - #events + 1)
  local list = table.concat(events, ',')
  -- About so many: cutting off exactly one entry each time would cost more than all the rest. `events-after` is exact.
  redis.call('XADD', EVENTS, 'MAXLEN', '~', keptBatches, epoch .. '-' .. integer(last), 'seq', first, 'events', list)
  renew()
  redis.call(publishCommand, CHANNEL, '{"epoch":' .. epoch .. ',"seq":' .. first .. ',"events":[' .. list .. ']}')
  return last
end
