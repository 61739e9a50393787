-- Enters a peer, and gives birth to the room where there is none.
--
-- KEYS   as in room.lua
-- ARGV   8 peer id · 9 its line `"peerId":…` · 10 record · 11 peerJoined event · 12 most others · 13 epoch to exceed
--        14 and 15 the epoch and the number that the writer has heard
-- reply  {'ok', epoch, seq, peers, producers} · {'fenced'} · {'full'}

local id, line, record, joined, maxPeers, atLeastEpoch = unpack(ARGV, 8, 13)
heardEpoch, heardSeq = ARGV[14], ARGV[15]

if isFenced() then return { 'fenced' } end
local claimed = takeover()

local others = redis.call('HLEN', PEERS) - redis.call('HEXISTS', PEERS, id)
if others >= tonumber(maxPeers) then
  publish()
  return { 'full' }
end

if not epoch then birth(atLeastEpoch) end
if not claimed then claim() end

if redis.call('HEXISTS', PEERS, id) == 1 then
  for _, producer in ipairs(entries(PRODUCERS)) do
    local _, peer = splitProducer(producer.value)
    if peer == line then removeProducer(producer.id, producer.value, '"replaced"') end
  end
  removePeer(id, line, '"replaced"')
end
redis.call('HSET', PEERS, id, record)
unsettled = true
emit(joined)

local seq = publish()
return { 'ok', epoch, seq, redis.call('HVALS', PEERS), redis.call('HVALS', PRODUCERS) }
