-- Each request brings another token: the lines of the file TOKENS, each once. When they run out,
-- the first comes again and the script says so, because then the figure is of tokens seen before.
local tokens, at = {}, 0
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end

request = function()
  at = at + 1
  if at == #tokens + 1 then io.stderr:write("tokens ran out: take more\n") end
  local token = tokens[(at - 1) % #tokens + 1]
  return wrk.format("GET", nil, { Authorization = "Bearer " .. token })
end
