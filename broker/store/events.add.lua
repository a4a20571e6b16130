-- Write into the audit log. KEYS: events. ARGV: how many are kept, events.
for n = 2, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'event', ARGV[n])
end
