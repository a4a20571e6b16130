-- Forget a user whose outbox was empty. KEYS: outboxes. ARGV: user, lease. A mark made since the claim has another score.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if score and tonumber(score) == tonumber(ARGV[2]) then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
