-- Write down that the provider is about to be asked: the journal. KEYS: grant.
-- ARGV: account, owner, milliseconds, the how manyeth call this is since the last answer.
-- Who was stopped, and followed meanwhile, is told no before it does harm. A lease that ran out and that nobody took is
-- its owner's still, so after a lost answer this may be said again. `since` stays the first call's: a grace runs from it.
local field = ARGV[1] .. ':lease'
local owner, phase, since = string.match(redis.call('HGET', KEYS[1], field) or '', '(%S+) %d+ (%a+) (%d+)')
if owner ~= ARGV[2] then
  return 0
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if phase ~= 'sent' then
  since = string.format('%.0f', now)
end
redis.call('HSET', KEYS[1], field, string.format('%s %.0f sent %s %d', owner, now + ARGV[3], since, ARGV[4]))
return 1
