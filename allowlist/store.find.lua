-- Finds entries by id: for each id its key and its entry, or false twice.
-- KEYS: entries, rows. ARGV: ids. A row is `<id> <key>`; `!` is the character behind the space.
local found = {}
for _, id in ipairs(ARGV) do
  local row = redis.call('ZRANGE', KEYS[2], '[' .. id .. ' ', '(' .. id .. '!', 'BYLEX')[1]
  local key = row and string.sub(row, #id + 2)
  found[#found + 1] = key or false
  found[#found + 1] = key and redis.call('HGET', KEYS[1], key) or false
end
return found
