-- Refreshes and writes each access token to the file TOKENS.
wrk.method = "POST"
wrk.headers["Cookie"] = os.getenv("COOKIE")
local out = io.open(os.getenv("TOKENS"), "a")

response = function(_, _, body)
  local token = body:match('"access_token":"([^"]+)"')
  if token then out:write(token, "\n") end
end
