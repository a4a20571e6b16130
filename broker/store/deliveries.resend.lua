-- Try a dead letter again. KEYS: waiting, dead, records. ARGV: event id, record, now. Answers 1 if it was one.
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1
