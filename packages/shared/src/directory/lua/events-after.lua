-- The batches that end after a number, oldest first, and the number of the last event.
--
-- KEYS   as in room.lua
-- ARGV   1 epoch · 2 seq
-- reply  {seq, stream entries}, or nil where the room is gone or of another epoch

local epoch, seq = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'seq'))
if epoch ~= ARGV[1] then return false end
return { tonumber(seq), redis.call('XRANGE', KEYS[6], '(' .. epoch .. '-' .. ARGV[2], '+') }
