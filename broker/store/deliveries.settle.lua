-- A delivery failed. KEYS: waiting, dead, records. ARGV: event id, record, next attempt or nothing, now or nothing (to
-- give it up), most dead. One that is not waiting any more has arrived through another process, or its endpoint is gone.
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
  return
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
for _, oldest in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1 - tonumber(ARGV[5]))) do
  redis.call('ZREM', KEYS[2], oldest)
  redis.call('HDEL', KEYS[3], oldest)
end
