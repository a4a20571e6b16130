-- Have an event sent to an endpoint. KEYS: waiting, dead, records, endpoint. ARGV: event id, record, now, most waiting,
-- most dead. An event that is known here, waiting or dead, was queued before: the drain of an outbox may come twice.
if redis.call('EXISTS', KEYS[4]) == 0 or redis.call('HSETNX', KEYS[3], ARGV[1], ARGV[2]) == 0 then
  return 1
end
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
  return 1
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
for _, oldest in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1 - tonumber(ARGV[5]))) do
  redis.call('ZREM', KEYS[2], oldest)
  redis.call('HDEL', KEYS[3], oldest)
end
return 0
