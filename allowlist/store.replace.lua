-- Replaces an entry that is still what was read: answers 1, 0 if it is not, or the entry that takes the new key.
-- KEYS: entries, rows. ARGV: old key, old entry, old row, new key, new entry, new row.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
local taken = ARGV[4] ~= ARGV[1] and redis.call('HGET', KEYS[1], ARGV[4])
if taken then
  return taken
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
redis.call('ZADD', KEYS[2], 0, ARGV[6])
return 1
