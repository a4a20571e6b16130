-- Take grants that are due for a refresh ahead. KEYS: due. ARGV: now, how many at most, end of the lease.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[3], name)
end
return due
