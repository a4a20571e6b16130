-- Give up a lease and wake who waits. KEYS: grant. ARGV: account, owner, channel, what to tell them.
local field = ARGV[1] .. ':lease'
local lease = redis.call('HGET', KEYS[1], field)
if lease and string.match(lease, '%S+') == ARGV[2] then
  redis.call('HDEL', KEYS[1], field)
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
