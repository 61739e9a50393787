-- Enters a peer, and gives birth to the room where there is none.
--
-- KEYS   as in room.lua
-- ARGV   8 peer id · 9 its line `"peerId":…` · 10 record · 11 peerJoined event · 12 most others · 13 epoch to exceed
-- reply  {'ok', epoch, seq, peers, producers} · {'fenced'} · {'full'}

local id, line, record, joined, maxPeers, atLeastEpoch = unpack(ARGV, 8, 13)

if isFenced() then return { 'fenced' } end
takeover()

local others = redis.call('HLEN', PEERS) - redis.call('HEXISTS', PEERS, id)
if others >= tonumber(maxPeers) then
  publish()
  return { 'full' }
end

if not epochOf() then birth(atLeastEpoch) end
claim()

if redis.call('HEXISTS', PEERS, id) == 1 then
  for _, producer in ipairs(entries(PRODUCERS)) do
    local _, peer = splitProducer(producer.value)
    if peer == line then removeProducer(producer.id, producer.value, '"replaced"') end
  end
  removePeer(id, line, '"replaced"')
end
redis.call('HSET', PEERS, id, record)
emit(joined)

local seq = publish()
return { 'ok', epochOf(), seq, redis.call('HVALS', PEERS), redis.call('HVALS', PRODUCERS) }
