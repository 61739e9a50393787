-- Makes the writer the owner of a peer that is in the room, in place of another boot. A repeated one, whose answer was
-- lost, changes nothing.
--
-- KEYS   as in room.lua
-- ARGV   11 peer id · 12 the lines before its generation · 13 its token's hash · 14 record
--        15 token of the owner and 16 line of the session that it must have now
-- reply  {'ok', epoch, seq, generation} · {'fenced'} · {'gone'}

local id, head, hash, body, holder, session = unpack(ARGV, 11, 16)

if isFenced() then return { 'fenced' } end
local known = epoch and peerAt(id)
if not known then return { 'gone' } end
if string.sub(known.value, 1, #head + 1) == head .. '\n' then return { 'ok', epoch, seq, known.generation } end
if known.owner ~= holder or known.session ~= session or known.hash ~= hash then return { 'gone' } end

if not takeover() then claim() end
emitPeer('peerUpdated', putPeer(id, head, known.generation + 1, body, known))
return { 'ok', epoch, publish(), known.generation + 1 }
