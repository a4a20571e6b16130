-- Write fields of a device, if the token is the one that it was read with. KEYS: device. ARGV: the token's fingerprint,
-- or nothing where there must be no device yet; seconds that it is known; fields and values.
if (redis.call('HGET', KEYS[1], 'token') or '') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
