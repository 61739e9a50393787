-- Enters a peer, and gives birth to the room where there is none. A peer of the same id that is there already is replaced
-- only by one that knows its token; or by itself, where an answer was lost.
--
-- KEYS   as in room.lua
-- ARGV   11 peer id · 12 its line `"peerId":…` · 13 the lines before its generation · 14 its token's hash
--        15 hash of the token that it has shown, or '' · 16 record · 17 most others · 18 epoch to exceed
-- reply  {'ok', epoch, seq, generation} · {'fenced'} · {'full'} · {'taken'}

local id, line, head, hash, shown, body, maxPeers, atLeastEpoch = unpack(ARGV, 11, 18)

if isFenced() then return { 'fenced' } end

local known = epoch and peerAt(id)
if known and known.hash ~= shown and known.hash ~= hash then return { 'taken' } end

local claimed = takeover()
local others = redis.call('HLEN', PEERS) - redis.call('HEXISTS', PEERS, id)
if epoch and others >= tonumber(maxPeers) then
  publish()
  return { 'full' }
end

if not epoch then birth(atLeastEpoch) end
if not claimed then claim() end

if known then
  removeProducersOf(line, '"replaced"')
  removePeer(id, line, '"replaced"')
end
local generation = known and known.generation + 1 or 1
emitPeer('peerJoined', putPeer(id, head, generation, body))

return { 'ok', epoch, publish(), generation }
