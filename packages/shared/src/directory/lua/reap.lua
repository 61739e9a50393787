-- Takes a peer out that is still in the hands of the boot that is said to be gone.
--
-- KEYS   as in room.lua
-- ARGV   as in room.lua, with the boot that is gone in the writer's place; then
--        11 peer id · 12 its line `"peerId":…` · 13 reason, a JSON string
-- reply  1 for the one call that did it, else 0

local id, line, reason = unpack(ARGV, 11, 13)
local known = epoch and peerAt(id)
if not known or known.owner ~= writer then return 0 end
removeProducersOf(line, reason)
removePeer(id, line, reason)
publish()
return 1
