-- Forget users whose outboxes were empty. KEYS: outboxes. ARGV: user, lease in turn. A mark made since the claim has another
-- score.
for n = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[n])
  if score and tonumber(score) == tonumber(ARGV[n + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[n])
  end
end
