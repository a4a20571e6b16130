-- Adds an entry unless its key is taken; answers what takes it.
-- KEYS: entries, rows. ARGV: key, entry, row.
local taken = redis.call('HGET', KEYS[1], ARGV[1])
if taken then
  return taken
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[3])
return false
