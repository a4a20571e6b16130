-- Rotate a refresh token. KEYS: session, the user's sessions, outbox.
-- ARGV: presented, successor (fingerprints), salt, now, grace, idle_until, once ours, seconds a revoked one is known,
-- session id, the event of a reuse.
local presented, successor, salt = ARGV[1], ARGV[2], ARGV[3]
local now, grace, idle_until = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local held = redis.call('HMGET', KEYS[1], 'status', 'current', 'previous', 'rotated_at', 'salt', 'expires_at', 'idle_until')
if held[1] ~= 'active' or now >= math.min(held[6], held[7]) then
  return {'unknown'}
end
if presented == held[2] then
  redis.call('HSET', KEYS[1], 'current', successor, 'previous', presented, 'rotated_at', now, 'salt', salt,
    'last_active_at', now, 'idle_until', idle_until)
  redis.call('EXPIREAT', KEYS[1], math.min(idle_until, held[6]))
  return {'rotated'}
end
-- The successor is unused while it is still current: its own use would have made it `previous`.
if presented == held[3] and now - held[4] <= grace then
  return {'repeated', held[5], held[2]}
end
if ARGV[7] == '1' then
  redis.call('HSET', KEYS[1], 'status', 'revoked')
  redis.call('EXPIRE', KEYS[1], ARGV[8])
  redis.call('ZREM', KEYS[2], ARGV[9])
  redis.call('RPUSH', KEYS[3], ARGV[10])
  return {'reused'}
end
return {'unknown'}
