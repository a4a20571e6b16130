-- Erase a user. KEYS: user, accounts, outbox, grants. ARGV: event. What happened to them is told once.
if redis.call('DEL', KEYS[1], KEYS[2]) > 0 then
  redis.call('RPUSH', KEYS[3], ARGV[1])
end
for n = 4, #KEYS do
  redis.call('DEL', KEYS[n])
end
