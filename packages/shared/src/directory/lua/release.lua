-- Gives the writer's slice up; what is still in it is removed.
--
-- KEYS   as in room.lua
-- ARGV   as in room.lua
-- reply  nothing

local holder = redis.call('HGET', SLICES, writerNode)
if not holder or ownerOf(holder) ~= writer then return end
removeSlice(writerNode, writer)
publish()
