-- Fences a boot that is gone, for the first process that notices.
--
-- KEYS   as in room.lua
-- ARGV   as in room.lua, with the boot that is to be fenced in the writer's place
-- reply  1 for the one call that did it, else 0

if not epoch or isFenced() then return 0 end
fence(writerNode, writer, writerFenced)
publish()
return 1
