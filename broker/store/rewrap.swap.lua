-- Replace a sealed value by the same content under another key, unless it was written anew since it was read.
-- KEYS: where it stands. ARGV: the value as it was read, its replacement, the field or nothing when it is a string.
if ARGV[3] ~= '' then
  if redis.call('HGET', KEYS[1], ARGV[3]) ~= ARGV[1] then
    return 0
  end
  redis.call('HSET', KEYS[1], ARGV[3], ARGV[2])
  return 1
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
