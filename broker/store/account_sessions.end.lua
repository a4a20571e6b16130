-- End a session of the account page. KEYS: session, the user's sessions of that page, outbox. ARGV: mark, event.
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('DEL', KEYS[1]) == 0 then
  return 0
end
redis.call('RPUSH', KEYS[3], ARGV[2])
return 1
