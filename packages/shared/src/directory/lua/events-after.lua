-- The batches that end after a number, oldest first, and the number of the last event.
--
-- KEYS   as in room.lua
-- ARGV   1 epoch · 2 seq · 3 most batches · 4 most bytes
-- reply  {seq, stream entries}, or nil where the room is gone or of another epoch, or there are more

local epoch, seq = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'seq'))
if epoch ~= ARGV[1] then return false end
if seq == ARGV[2] then return { tonumber(seq), {} } end
local entries = redis.call('XRANGE', KEYS[6], '(' .. epoch .. '-' .. ARGV[2], '+', 'COUNT', ARGV[3] + 1)
if #entries > tonumber(ARGV[3]) then return false end
local bytes = 0
for _, entry in ipairs(entries) do bytes = bytes + #(entry[2][4] or '') end
if bytes > tonumber(ARGV[4]) then return false end
return { tonumber(seq), entries }
