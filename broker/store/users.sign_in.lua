-- A person came back from a provider. KEYS: user, accounts, grant, outbox, gone.
-- ARGV: account id, account, sealed tokens, identity, now, sealed refresh token or nothing, event of a new user, event of
-- a new account, what the tokens hold. The version grows, so a refresh that began before is fenced off. Where there are no
-- tokens the grant stays. Where a session begins with it, KEYS go on: session, the user's sessions; and ARGV: its event, its
-- id, its end, when it is idle, its fields.
-- Answers 0 when the user was deleted while the person was at the provider: nobody is brought back so.
-- A grant that lives, and holds all scopes of the new tokens and more, stays. The price: where a provider ends the old
-- tokens by giving new ones, a refresh finds that out, and the person must reconnect.
local function scopes(held)
  local found, count = {}, 0
  for word in string.gmatch(string.match(held, '%S+(.*)'), '%S+') do
    if not found[word] then
      found[word], count = true, count + 1
    end
  end
  return found, count
end
local function holds_more(held, given)
  local all, most = scopes(held)
  local new, count = scopes(given)
  for word in pairs(new) do
    if not all[word] then
      return false
    end
  end
  return count < most
end
if redis.call('EXISTS', KEYS[5]) == 1 then
  return 0
end
local account, now = ARGV[1], ARGV[5]
if redis.call('HSETNX', KEYS[1], 'primary_account', account) == 1 then
  redis.call('HSET', KEYS[1], 'created_at', now)
  redis.call('RPUSH', KEYS[4], ARGV[7])
end
if redis.call('HGET', KEYS[1], 'primary_account') == account then
  redis.call('HSET', KEYS[1], 'identity', ARGV[4], 'updated_at', now)
end
redis.call('HSET', KEYS[1], 'last_sign_in_at', now)
if redis.call('HSET', KEYS[2], account, ARGV[2]) == 1 then
  redis.call('RPUSH', KEYS[4], ARGV[8])
end
local function gives()
  if ARGV[3] == '' then
    return false
  end
  local earlier = redis.call('HMGET', KEYS[3], account .. ':held', account .. ':status', account .. ':refresh')
  local living = earlier[1] and not earlier[2] and (earlier[3] or string.sub(earlier[1], 1, 7) == 'lasting')
  return not (living and holds_more(earlier[1], ARGV[9]))
end
if gives() then
  redis.call('HSET', KEYS[3], account, ARGV[3], account .. ':held', ARGV[9])
  redis.call('HINCRBY', KEYS[3], account .. ':version', 1)
  redis.call('HDEL', KEYS[3], account .. ':status', account .. ':lease')
  if ARGV[6] ~= '' then
    redis.call('HSET', KEYS[3], account .. ':refresh', ARGV[6])
  end
end
if KEYS[6] then
  redis.call('HSET', KEYS[6], unpack(ARGV, 14))
  redis.call('EXPIREAT', KEYS[6], math.min(ARGV[12], ARGV[13]))
  redis.call('ZADD', KEYS[7], ARGV[12], ARGV[11])
  redis.call('RPUSH', KEYS[4], ARGV[10])
end
return 1
