-- Takes a peer out that is still in the hands of the boot that is said to be gone.
--
-- KEYS   as in room.lua
-- ARGV   as in room.lua, with the boot that is gone in the writer's place; then
--        8 peer id · 9 its line `"peerId":…` · 10 reason, a JSON string
-- reply  1 for the one call that did it, else 0

local id, line, reason = unpack(ARGV, 8, 10)
local known = redis.call('HGET', PEERS, id)
if not known or ownerOf(known) ~= writer then return 0 end
for _, producer in ipairs(entries(PRODUCERS)) do
  local _, peer = splitProducer(producer.value)
  if peer == line then removeProducer(producer.id, producer.value, reason) end
end
removePeer(id, line, reason)
publish()
return 1
