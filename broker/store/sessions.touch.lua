-- Note that a session is in use. KEYS: session. ARGV: now, when it is idle from now on.
local held = redis.call('HMGET', KEYS[1], 'status', 'expires_at', 'idle_until')
if held[1] ~= 'active' or tonumber(ARGV[1]) >= math.min(held[2], held[3]) then
  return 0
end
redis.call('HSET', KEYS[1], 'last_active_at', ARGV[1], 'idle_until', ARGV[2])
redis.call('EXPIREAT', KEYS[1], math.min(ARGV[2], held[2]))
return 1
