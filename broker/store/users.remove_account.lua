-- Take an account from its user, and its tokens with it. KEYS: user, accounts, grant, outbox.
-- ARGV: account, event, channel, account that describes the user from now on, its identity.
-- The last account stays: without it nobody could be this user again.
local account = ARGV[1]
if redis.call('HEXISTS', KEYS[2], account) == 0 then
  return 'unknown'
end
if redis.call('HEXISTS', KEYS[2], ARGV[4]) == 0 or ARGV[4] == account then
  return 'last'
end
if redis.call('HGET', KEYS[1], 'primary_account') == account then
  redis.call('HSET', KEYS[1], 'primary_account', ARGV[4], 'identity', ARGV[5])
end
redis.call('HDEL', KEYS[2], account)
redis.call('HDEL', KEYS[3], account, account .. ':refresh', account .. ':version', account .. ':status', account .. ':lease',
  account .. ':held')
redis.call('RPUSH', KEYS[4], ARGV[2])
redis.call('PUBLISH', ARGV[3], 'ended')
return 'removed'
