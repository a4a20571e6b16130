-- A grant cannot be renewed any more, or was given back. KEYS: grant, outbox.
-- ARGV: account, version as it was read or nothing for any, status, channel, event or nothing,
-- what to erase: nothing, `refresh`, `all`, or `account` (no trace stays); owner of the lease or nothing.
-- With a version it is the word of one who refreshed: it counts unless another followed, and a grant that was given up
-- is not given up again, but for a provider's refusal.
local account = ARGV[1]
local held = redis.call('HMGET', KEYS[1], account .. ':version', account .. ':status', account .. ':lease')
if not held[1] then
  return 0
end
if ARGV[2] ~= '' then
  if held[1] ~= ARGV[2] or (held[3] and string.match(held[3], '%S+') ~= ARGV[7]) then
    return 0
  end
  if held[2] and (held[2] == ARGV[3] or ARGV[6] == '' or string.sub(held[2], 1, 7) == 'revoked') then
    redis.call('HDEL', KEYS[1], account .. ':lease')
    redis.call('PUBLISH', ARGV[4], 'ended')
    return 0
  end
end
if ARGV[6] ~= '' then
  redis.call('HDEL', KEYS[1], account .. ':refresh')
end
if ARGV[6] == 'all' or ARGV[6] == 'account' then
  redis.call('HDEL', KEYS[1], account, account .. ':held')
  redis.call('HINCRBY', KEYS[1], account .. ':version', 1)
end
redis.call('HSET', KEYS[1], account .. ':status', ARGV[3])
redis.call('HDEL', KEYS[1], account .. ':lease')
if ARGV[6] == 'account' then
  redis.call('HDEL', KEYS[1], account .. ':version', account .. ':status')
end
if ARGV[5] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[5])
end
redis.call('PUBLISH', ARGV[4], 'ended')
return 1
