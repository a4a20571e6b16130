-- Take deliveries that are due. KEYS: waiting, dead, records. ARGV: now, how many at most, end of the lease.
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])) do
  local record = redis.call('HGET', KEYS[3], id)
  if record then
    redis.call('ZADD', KEYS[1], ARGV[3], id)
    taken[#taken + 1] = record
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return taken
