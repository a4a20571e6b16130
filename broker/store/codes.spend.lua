-- Spend a code that connects. KEYS: code, session. ARGV: the spent record, seconds that it is known, now. Nothing begins:
-- it is good only for the session that asked, and only while that lives.
local stored = redis.call('GET', KEYS[1])
if not stored or stored == ARGV[1] then
  return 0
end
local session = redis.call('HMGET', KEYS[2], 'status', 'expires_at', 'idle_until')
if session[1] ~= 'active' or tonumber(ARGV[3]) >= math.min(session[2], session[3]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
