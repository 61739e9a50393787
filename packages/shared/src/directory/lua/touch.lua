-- Keeps a room that has peers alive, and claims the writer's slice again where the claim was lost.
--
-- KEYS   as in room.lua
-- ARGV   as in room.lua
-- reply  'ok' · 'fenced' · 'missing'

if not epoch then return 'missing' end
if isFenced() then return 'fenced' end
if redis.call('HLEN', PEERS) == 0 then return 'ok' end
if not takeover() then claim() end
renew()
publish()
return 'ok'
