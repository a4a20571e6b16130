-- Change a secret key, if it still stands: a revoked one must not come back. KEYS: secret_keys. ARGV: id, record.
if not redis.call('HGET', KEYS[1], ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
