-- Take users whose outbox is to be looked into. KEYS: outboxes. ARGV: now, how many at most, lease.
-- Answers user, 1 or 0 in turn: whether an earlier look led here (its lease has a fraction) and no mark.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local taken = {}
for n = 1, #due, 2 do
  local score = tonumber(due[n + 1])
  redis.call('ZADD', KEYS[1], ARGV[3], due[n])
  taken[n] = due[n]
  taken[n + 1] = score ~= math.floor(score) and 1 or 0
end
return taken
