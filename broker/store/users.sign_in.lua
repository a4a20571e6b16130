-- A person came back from a provider. KEYS: user, accounts, grant, outbox, gone.
-- ARGV: account id, account, sealed tokens, identity, now, sealed refresh token or nothing, event of a new user, event of
-- a new account. The version grows, so a refresh that began before is fenced off. Where there are no tokens the grant stays.
-- Where a session begins with it, KEYS go on: session, the user's sessions; and ARGV: its event, its id, its end, when it is
-- idle, its fields.
-- Answers 0 when the user was deleted while the person was at the provider: nobody is brought back so.
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
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[3], account, ARGV[3])
  redis.call('HINCRBY', KEYS[3], account .. ':version', 1)
  redis.call('HDEL', KEYS[3], account .. ':status', account .. ':lease')
end
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[3], account .. ':refresh', ARGV[6])
end
if KEYS[6] then
  redis.call('HSET', KEYS[6], unpack(ARGV, 13))
  redis.call('EXPIREAT', KEYS[6], math.min(ARGV[11], ARGV[12]))
  redis.call('ZADD', KEYS[7], ARGV[11], ARGV[10])
  redis.call('RPUSH', KEYS[4], ARGV[9])
end
return 1
