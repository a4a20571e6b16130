-- Take back the link of an identity. KEYS: identity. ARGV: the link as it was made. One that was made anew is another's.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
