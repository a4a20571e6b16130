-- A person came back from a provider. KEYS: user, accounts, tokens.
-- ARGV: account id, account, sealed tokens, identity, now, sealed refresh token or nothing.
local account, now = ARGV[1], ARGV[5]
redis.call('HSET', KEYS[2], account, ARGV[2])
redis.call('HSET', KEYS[3], account, ARGV[3])
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[3], account .. ':refresh', ARGV[6])
end
if redis.call('HSETNX', KEYS[1], 'primary_account', account) == 1 then
  redis.call('HSET', KEYS[1], 'created_at', now)
end
if redis.call('HGET', KEYS[1], 'primary_account') == account then
  redis.call('HSET', KEYS[1], 'identity', ARGV[4], 'updated_at', now)
end
redis.call('HSET', KEYS[1], 'last_sign_in_at', now)
