-- Keep a provider's answer. KEYS: grant, outbox. ARGV: account, owner, version the refresh began from, sealed tokens,
-- sealed refresh token or nothing, milliseconds to settle on the disk, event, what the tokens hold.
-- Refused when a newer token stands there, or when another, later call is under way. Accepted from one whose lease ran
-- out and whom nobody followed: what the provider gave is good, and heals a grant given up meanwhile. The lease stays,
-- as `stored`, until the answer is on the disk: nobody is told before.
local account = ARGV[1]
local held = redis.call('HMGET', KEYS[1], account .. ':version', account .. ':lease', account .. ':status')
if held[1] ~= ARGV[3] or (held[3] and string.sub(held[3], 1, 7) == 'revoked') then
  return 0
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if held[2] then
  local owner, ends = string.match(held[2], '(%S+) (%d+)')
  if owner ~= ARGV[2] and tonumber(ends) > now then
    return 0
  end
end
redis.call('HSET', KEYS[1], account, ARGV[4], account .. ':held', ARGV[8])
redis.call('HINCRBY', KEYS[1], account .. ':version', 1)
redis.call('HDEL', KEYS[1], account .. ':status')
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], account .. ':refresh', ARGV[5])
end
redis.call('RPUSH', KEYS[2], ARGV[7])
redis.call('HSET', KEYS[1], account .. ':lease', string.format('%s %.0f stored %.0f 0', ARGV[2], now + ARGV[6], now))
return 1
