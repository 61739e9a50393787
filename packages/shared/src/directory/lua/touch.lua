-- Keeps a room that has peers alive, and claims the writer's slice again where the claim was lost.
--
-- KEYS   as in room.lua
-- ARGV   as in room.lua
-- reply  {'ok', epoch, seq, number of peers, number of producers} · {'fenced'} · {'missing'}

if not epoch then return { 'missing' } end
if isFenced() then return { 'fenced' } end
local peers = redis.call('HLEN', PEERS)
if peers > 0 then
  if not takeover() then claim() end
  renew()
  publish()
end
return { 'ok', epoch, seq, peers, redis.call('HLEN', PRODUCERS) }
