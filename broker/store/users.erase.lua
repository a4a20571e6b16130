-- Erase a user. KEYS: user, accounts, outbox, gone, and what goes with them. ARGV: seconds that it is remembered, events. What happened to
-- them is told once. Answers the accounts as they were at this moment: one may have come since they were read.
local accounts = redis.call('HVALS', KEYS[2])
if redis.call('DEL', KEYS[1], KEYS[2]) > 0 then
  redis.call('RPUSH', KEYS[3], unpack(ARGV, 2))
end
redis.call('SET', KEYS[4], '1', 'EX', ARGV[1])
for n = 5, #KEYS do
  redis.call('DEL', KEYS[n])
end
return accounts
