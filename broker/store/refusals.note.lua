-- Note a refused address: counted if it is known, and the one that was seen longest ago goes for a new one.
-- KEYS: {refusals}:latest, {refusals}:counts, {refusals}:records. ARGV: id, record, seconds now, most, seconds to live.
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('ZINCRBY', KEYS[2], 1, ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[4])
if over > 0 then
  for _, oldest in ipairs(redis.call('ZRANGE', KEYS[1], 0, over - 1)) do
    redis.call('ZREM', KEYS[1], oldest)
    redis.call('ZREM', KEYS[2], oldest)
    redis.call('HDEL', KEYS[3], oldest)
  end
end
for _, key in ipairs(KEYS) do
  redis.call('EXPIRE', key, ARGV[5])
end
