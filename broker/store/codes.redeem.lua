-- Spend a code and begin its session. KEYS: code, session, the user's sessions, outbox, user. The code's value is
-- compared with nothing: whether it stands unspent is the gate, all else was checked by the caller on the same immutable
-- record. A user who was deleted meanwhile begins nothing any more.
local stored = redis.call('GET', KEYS[1])
if not stored or stored == ARGV[1] or redis.call('EXISTS', KEYS[5]) == 0 then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
redis.call('HSET', KEYS[2], unpack(ARGV, 7))
redis.call('EXPIREAT', KEYS[2], math.min(ARGV[4], ARGV[5]))
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
redis.call('RPUSH', KEYS[4], ARGV[6])
return 1
