-- Ask to be the one who renews a grant. KEYS: grant.
-- ARGV: account, owner, version as it was read, milliseconds, phase, `1` to try one again that was given up.
-- A lease is `owner until phase since tries`; times are Redis' own, so that no two processes' clocks are compared.
-- A lease that ran out in phase `sent` was left by one who asked the provider and never told us the answer; the mark
-- stays, whoever follows, until there is one.
local account = ARGV[1]
local held = redis.call('HMGET', KEYS[1], account, account .. ':version', account .. ':lease', account .. ':status',
  account .. ':refresh')
if not held[1] or (held[4] and not (ARGV[6] == '1' and held[5] and string.sub(held[4], 1, 7) ~= 'revoked')) then
  return {'ended'}
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local phase, since, tries = ARGV[5], now, 0
if held[3] then
  local owner, ends, left, began, times = string.match(held[3], '(%S+) (%d+) (%a+) (%d+) (%d+)')
  if tonumber(ends) > now and owner ~= ARGV[2] then
    return {'busy', ends - now}
  end
  if left == 'sent' then
    phase, since, tries = left, tonumber(began), tonumber(times)
  end
end
if held[2] ~= ARGV[3] then
  return {'moved'}
end
local lease = string.format('%s %.0f %s %.0f %d', ARGV[2], now + ARGV[4], phase, since, tries)
redis.call('HSET', KEYS[1], account .. ':lease', lease)
return {tries > 0 and 'interrupted' or 'held', now - since, tries, held[5]}
