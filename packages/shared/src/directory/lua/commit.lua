-- Applies changes. One whose condition fails is skipped.
--
-- KEYS   as in room.lua
-- ARGV   8 epoch to exceed, or '' where this commit may not give birth to the room
--        9 and 10 the epoch and the number that the writer has heard
--        11… changes, each its name and its own arguments:
--          addProducer   id, peer id, record, event
--          removeProducer id, reason ('' or a JSON string)
--          pauseProducer | resumeProducer   id
--          putPeer       id, token of the owner it must have now, record, event
--          takePeer      id, token of the owner and line of the session that it must have now, record, event
--          restorePeer   id, record, event
--          removePeer    id, its line `"peerId":…`, reason, number of producers, their ids
--          message       peer id, event
-- reply  {'ok', epoch, seq} · {'fenced'} · {'none'}

heardEpoch, heardSeq = ARGV[9], ARGV[10]

local next = 11
local function argument()
  next = next + 1
  return ARGV[next - 1]
end

local function isWriters(record)
  return record and ownerOf(record) == writer
end

local function setPaused(flag, event)
  local id = argument()
  local value = redis.call('HGET', PRODUCERS, id)
  if not isWriters(value) then return end
  local owner, peer, producer, kind, paused, record = splitProducer(value)
  if paused == flag then return end
  redis.call('HSET', PRODUCERS, id, table.concat({ owner, peer, producer, kind, flag, record }, '\n'))
  emit('{"type":"' .. event .. '",' .. producer .. ',' .. peer .. '}')
end

local change = {}

function change.addProducer()
  local id, peerId, record, event = argument(), argument(), argument(), argument()
  if redis.call('HEXISTS', PEERS, peerId) == 0 or redis.call('HSETNX', PRODUCERS, id, record) == 0 then return end
  unsettled = true
  emit(event)
end

function change.removeProducer()
  local id, reason = argument(), argument()
  local value = redis.call('HGET', PRODUCERS, id)
  if isWriters(value) then removeProducer(id, value, reason) end
end

function change.pauseProducer() setPaused('1', 'producerPaused') end

function change.resumeProducer() setPaused('0', 'producerResumed') end

function change.putPeer()
  local id, holder, record, event = argument(), argument(), argument(), argument()
  local known = redis.call('HGET', PEERS, id)
  if not known or ownerOf(known) ~= holder or known == record then return end
  redis.call('HSET', PEERS, id, record)
  emit(event)
end

function change.takePeer()
  local id, holder, session, record, event = argument(), argument(), argument(), argument(), argument()
  local known = redis.call('HGET', PEERS, id)
  if not known or ownerOf(known) ~= holder or sessionOf(known) ~= session or known == record then return end
  redis.call('HSET', PEERS, id, record)
  emit(event)
end

function change.restorePeer()
  local id, record, event = argument(), argument(), argument()
  if redis.call('HSETNX', PEERS, id, record) == 0 then return end
  unsettled = true
  emit(event)
end

function change.removePeer()
  local id, line, reason, count = argument(), argument(), argument(), tonumber(argument())
  local mine = isWriters(redis.call('HGET', PEERS, id))
  for _ = 1, count do
    local producerId = argument()
    local value = redis.call('HGET', PRODUCERS, producerId)
    if value then
      local owner, peer = splitProducer(value)
      if peer == line and (mine or owner == writer) then removeProducer(producerId, value, reason) end
    end
  end
  if mine then removePeer(id, line, reason) end
end

function change.message()
  local from, event = argument(), argument()
  if redis.call('HEXISTS', PEERS, from) == 1 then emit(event) end
end

if isFenced() then return { 'fenced' } end
if not epoch then
  if ARGV[8] == '' then return { 'none' } end
  birth(ARGV[8])
end
local claimed = takeover()
while next <= #ARGV do change[argument()]() end
if #events > 0 and not claimed then claim() end
local seq = publish()
return { 'ok', epoch, seq }
