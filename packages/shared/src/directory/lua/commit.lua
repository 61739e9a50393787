-- Applies changes. One whose condition fails is skipped, and the reply says so.
--
-- KEYS   as in room.lua
-- ARGV   11 epoch to exceed, or '' where this commit may not give birth to the room
--        12… changes, each its name and its own arguments:
--          addProducer | restoreProducer   id, peer id, record, event
--          removeProducer id, reason ('' or a JSON string)
--          pauseProducer | resumeProducer   id
--          updatePeer    id, the lines before its generation, its token's hash, record
--          restorePeer   id, the lines before its generation, its token's hash, record, generation
--          removePeer    id, its line `"peerId":…`, its token's hash, reason, number of producers, their ids
--          message       peer id, event
-- reply  {'ok', epoch, seq, a letter for each change} · {'fenced'} · {'none'}
--        d: done, or so already · m: missing, there is nothing to change · o: another's

local next = 12
local function argument()
  next = next + 1
  return ARGV[next - 1]
end

local function setPaused(flag, event)
  local id = argument()
  local owner, peer, producer, kind, paused, record = splitProducer(redis.call('HGET', PRODUCERS, id) or '')
  if not owner then return 'm' end
  if owner ~= writer then return 'o' end
  if paused == flag then return 'd' end
  redis.call('HSET', PRODUCERS, id, table.concat({ owner, peer, producer, kind, flag, record }, '\n'))
  emit('{"type":"' .. event .. '",' .. producer .. ',' .. peer .. '}')
  return 'd'
end

local function addProducer(id, record, event)
  local holder = splitProducer(redis.call('HGET', PRODUCERS, id) or '')
  if holder then return holder == writer and 'd' or 'o' end
  redis.call('HSET', PRODUCERS, id, record)
  -- Only a key that is new has no expiry.
  if redis.call('HLEN', PRODUCERS) == 1 then unsettled = true end
  emit(event)
  return 'd'
end

local change = {}

function change.addProducer()
  local id, peerId, record, event = argument(), argument(), argument(), argument()
  if not peerAt(peerId) then return 'm' end
  return addProducer(id, record, event)
end

-- As above, but for a peer of the writer's only: one that has moved on brings its producers along.
function change.restoreProducer()
  local id, peerId, record, event = argument(), argument(), argument(), argument()
  local peer = peerAt(peerId)
  if not peer then return 'm' end
  if peer.owner ~= writer then return 'o' end
  return addProducer(id, record, event)
end

function change.removeProducer()
  local id, reason = argument(), argument()
  local value = redis.call('HGET', PRODUCERS, id)
  local owner = splitProducer(value or '')
  if not owner then return 'm' end
  if owner ~= writer then return 'o' end
  removeProducer(id, value, reason)
  return 'd'
end

function change.pauseProducer() return setPaused('1', 'producerPaused') end

function change.resumeProducer() return setPaused('0', 'producerResumed') end

function change.updatePeer()
  local id, head, hash, body = argument(), argument(), argument(), argument()
  local known = peerAt(id)
  if not known then return 'm' end
  if known.owner ~= writer or known.hash ~= hash then return 'o' end
  emitPeer('peerUpdated', putPeer(id, head, known.generation, body, known))
  return 'd'
end

-- The higher generation wins; within one, the peer's owner is right.
function change.restorePeer()
  local id, head, hash, body, generation = argument(), argument(), argument(), argument(), tonumber(argument())
  local known = peerAt(id)
  if known then
    local isOwn = known.owner == writer and known.hash == hash
    if known.generation > generation or (known.generation == generation and not isOwn) then return 'o' end
    if known.hash ~= hash then
      removeProducersOf(known.line, '"replaced"')
      removePeer(id, known.line, '"replaced"')
      known = nil
    end
  end
  emitPeer(known and 'peerUpdated' or 'peerJoined', putPeer(id, head, generation, body, known))
  return 'd'
end

function change.removePeer()
  local id, line, hash, reason, count = argument(), argument(), argument(), argument(), tonumber(argument())
  local known = peerAt(id)
  local mine = known and known.owner == writer and known.hash == hash
  for _ = 1, count do
    local producerId = argument()
    local value = redis.call('HGET', PRODUCERS, producerId)
    local owner, peer = splitProducer(value or '')
    if owner and peer == line and (mine or owner == writer) then removeProducer(producerId, value, reason) end
  end
  if mine then removePeer(id, line, reason) end
  return mine and 'd' or known and 'o' or 'm'
end

function change.message()
  local from, event = argument(), argument()
  if not peerAt(from) then return 'm' end
  emit(event)
  return 'd'
end

if isFenced() then return { 'fenced' } end
if not epoch then
  if ARGV[11] == '' then return { 'none' } end
  birth(ARGV[11])
end
local claimed = takeover()
local outcomes = {}
while next <= #ARGV do outcomes[#outcomes + 1] = change[argument()]() end
if #events > 0 and not claimed then claim() end
return { 'ok', epoch, publish(), table.concat(outcomes) }
