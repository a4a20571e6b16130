-- Take what is due of a list of things to do. KEYS: the list, a sorted set by time. ARGV: now, how many at most, end of the
-- lease: nobody else is given these before.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[3], name)
end
return due
