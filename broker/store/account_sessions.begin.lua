-- Begin a session of the account page. KEYS: session, the user's sessions of that page, user, outbox. ARGV: mark, sealed
-- record, now, end, seconds it may be idle, event. A user who was deleted meanwhile begins nothing.
if redis.call('EXISTS', KEYS[3]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'record', ARGV[2], 'expires_at', ARGV[4], 'last_active_at', ARGV[3])
redis.call('EXPIREAT', KEYS[1], math.min(ARGV[3] + ARGV[5], ARGV[4]))
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
redis.call('RPUSH', KEYS[4], ARGV[6])
return 1
