-- Erase a user. KEYS: user, accounts, outbox, grants. ARGV: events. What happened to them is told once. Answers the accounts
-- as they were at this moment: one may have come since they were read.
local accounts = redis.call('HVALS', KEYS[2])
if redis.call('DEL', KEYS[1], KEYS[2]) > 0 then
  redis.call('RPUSH', KEYS[3], unpack(ARGV))
end
for n = 4, #KEYS do
  redis.call('DEL', KEYS[n])
end
return accounts
