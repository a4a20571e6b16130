-- Give up a lease and wake who waits. KEYS: grant. ARGV: account, owner, channel, what to tell them, how many calls to
-- the provider stay without an answer: their mark is left to whoever follows.
local field = ARGV[1] .. ':lease'
local owner, since = string.match(redis.call('HGET', KEYS[1], field) or '', '(%S+) %d+ %a+ (%d+)')
if owner == ARGV[2] and ARGV[5] == '0' then
  redis.call('HDEL', KEYS[1], field)
elseif owner == ARGV[2] then
  redis.call('HSET', KEYS[1], field, string.format('%s 0 sent %s %s', owner, since, ARGV[5]))
end
redis.call('PUBLISH', ARGV[3], ARGV[4])
