-- A page was opened. KEYS: session. ARGV: now, seconds it may be idle. Answers the sealed record, or nothing.
local held = redis.call('HMGET', KEYS[1], 'record', 'expires_at')
if not held[1] then
  return false
end
redis.call('HSET', KEYS[1], 'last_active_at', ARGV[1])
redis.call('EXPIREAT', KEYS[1], math.min(ARGV[1] + ARGV[2], held[2]))
return held[1]
