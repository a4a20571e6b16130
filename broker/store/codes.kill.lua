-- Make an unspent code worthless. KEYS: code. ARGV: the record as it was found. A code that was spent meanwhile keeps
-- its mark, so that a replay of it still ends the session.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
