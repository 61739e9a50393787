-- Deletes the keys of a room that are of another type than ours are: a stranger wrote there, and every script would fail.
--
-- KEYS   as in room.lua
-- reply  how many it deleted

local kinds = { 'hash', 'hash', 'set', 'hash', 'hash', 'stream' }
local deleted = 0
for i, kind in ipairs(kinds) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= kind then deleted = deleted + redis.call('DEL', KEYS[i]) end
end
return deleted
