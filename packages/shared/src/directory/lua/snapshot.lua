-- The room as it is at one moment.
--
-- KEYS   as in room.lua
-- reply  {epoch, seq, peers, producers}, or nil where there is no room

local epoch, seq = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'seq'))
if not epoch then return false end
return { epoch, tonumber(seq), redis.call('HVALS', KEYS[4]), redis.call('HVALS', KEYS[5]) }
