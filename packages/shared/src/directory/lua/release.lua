-- Gives the writer's slice up; peers that are still in it are orphans then.
--
-- KEYS   as in room.lua
-- ARGV   as in room.lua
-- reply  nothing

if not epoch then return end
local holder = redis.call('HGET', SLICES, writerNode)
if not holder or ownerOf(holder) ~= writer then return end
orphanSlice(writerNode, writer)
publish()
