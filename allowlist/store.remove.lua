-- Removes an entry that is still what was read: answers 1, or 0 if it is not.
-- KEYS: entries, rows. ARGV: key, entry, row.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[3])
return 1
