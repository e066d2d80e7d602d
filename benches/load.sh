#!/usr/bin/env bash
# The whole server under load, beside raw hyper, a warp program of one route and the classic Express
# server, all in one run on this machine: CPU per request, requests a second, p50, p99, and the CPU
# as a multiple of raw hyper's.
#   benches/load.sh [NAME...]     only rows whose name has one of these words; raw-hyper is always there
# LOAD_SECONDS (2) of each measurement, LOAD_ROUNDS (3) of each row, in turn, so that what else
# the machine does disturbs all alike; the table has the medians. LOAD_CONNECTIONS ("1 16 64").
# Needs wrk; node and npm for the peer, without which it is left out, loudly.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD/benches/load
seconds=${LOAD_SECONDS:-2} rounds=${LOAD_ROUNDS:-3} levels=${LOAD_CONNECTIONS:-1 16 64}
if ! command -v wrk >/dev/null; then apt-get install -y --no-install-recommends wrk >/dev/null; fi
cargo build --release --quiet --bin doorkey --example raw-hyper --example hello-warp
built=${CARGO_TARGET_DIR:-$PWD/target}/release
work=$(mktemp -d)
declare -A pids urls
finish() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; rm -rf "$work"; }
trap finish EXIT

# Starts a server of this name and waits for the line with its address.
start() {
  local name=$1; shift
  "$@" > "$work/$name.out" 2> "$work/$name.err" &
  pids[$name]=$!
  for _ in $(seq 200); do
    urls[$name]=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$work/$name.out" | head -1)
    [ -n "${urls[$name]}" ] && return
    sleep 0.05
  done
  echo "$name did not start:" >&2; cat "$work/$name.err" >&2; exit 1
}

password="correct horse battery staple"
cd "$work"
# lea logs in and in again: at her 33rd session the first one ends. The others fill the page of users.
for account in "ann user" "lea user" "root admin" $(printf 'user%s,user ' $(seq 47)); do
  read -r name role <<< "${account/,/ }"
  printf '%s\n' "$password" | "$built/doorkey" user add "$name" --role "$role" --password-stdin \
    --data "$work/data" > /dev/null 2>&1
done
secret=$("$built/doorkey" service add bench --data "$work/data" 2> /dev/null | grep -o 'dk_svc_[0-9A-Za-z]*' | head -1)
# Without limits, which would answer most of this with 429.
for limit in LOGIN_FAILURES LOGIN_FAILURES_PER_ACCOUNT LOGIN_FAILURES_PER_NETWORK \
  REGISTRATIONS_PER_NETWORK SERVICE_FAILURES_PER_NETWORK CONNECTIONS_PER_ADDRESS; do
  export "DOORKEY_LIMITS__$limit=0"
done
export DOORKEY_LOG__LEVEL=warn
# For forward-auth this script is the proxy.
printf '%s\n' '[http]' 'trusted_proxies = ["127.0.0.1/32"]' '[forward]' 'domain = "127.0.0.1"' \
  '[[access]]' 'host = "app.example.org"' 'allow = true' > auth.toml
start doorkey "$built/doorkey" serve --data "$work/data" --listen 127.0.0.1:0
start raw-hyper "$built/examples/raw-hyper"
start hello-warp "$built/examples/hello-warp"

peer=${CARGO_TARGET_DIR:-$OLDPWD/target}/peers/express
if command -v npm > /dev/null; then
  mkdir -p "$peer"
  cp "$here"/../peers/express/{package.json,server.mjs} "$peer/"
  if [ ! -d "$peer/node_modules/express" ]; then
    npm install --silent --no-fund --no-audit --prefix "$peer" >&2
  fi
  DATABASE=$work/text.db NODE_ENV=production start express-text node "$peer/server.mjs" text
  DATABASE=$work/key.db NODE_ENV=production start express-key node "$peer/server.mjs" key
else
  echo "LEFT OUT: npm is missing, the Express peer is not measured" >&2
fi

credentials() { printf '{"username":"%s","password":"%s"}' "$1" "$password"; }
# Signs in; sets token and cookie of the server.
declare -A tokens cookies
sign_in() {
  local server=$1 user=$2 as=$3 head="$work/head"
  curl -sS -D "$head" -o "$work/body" "${urls[$server]}/auth/login" -H 'Content-Type: application/json' \
    -d "$(credentials "$user")"
  tokens[$as]=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' "$work/body")
  cookies[$as]=$(sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\);.*/\1/p' "$head" | head -1)
  [ -n "${tokens[$as]}" ] || { echo "$as could not sign in: $(cat "$work/body")" >&2; exit 1; }
}
# An access token lives for ten minutes, so that each round begins with new ones.
sign_all_in() {
  sign_in doorkey ann ann; sign_in doorkey root root
  # Her sessions of the rounds before would make the list longer each time.
  curl -sS -o /dev/null -X DELETE "${urls[doorkey]}/auth/sessions" -H "Authorization: Bearer ${tokens[ann]}"
  sign_in doorkey ann ann
  # The sign-in page gives whoever is signed in the cookie of forward-auth.
  cookies[forward]=$(curl -sS -D - -o /dev/null "${urls[doorkey]}/login" -H "Cookie: ${cookies[ann]}" \
    | sed -n 's/^[Ss]et-[Cc]ookie: \([a-zA-Z_-]*forward=[^;]*\);.*/\1/p')
  for server in express-text express-key; do
    if [ -n "${urls[$server]:-}" ]; then sign_in "$server" ann "$server"; fi
  done
}

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
hertz=$(getconf CLK_TCK)
results=$work/results
words=("$@")
wanted() {
  [ "${#words[@]}" -eq 0 ] && return 0
  for word in "${words[@]}"; do [[ $1 == *"$word"* ]] && return 0; done
  return 1
}

# measure NAME SERVER PATH [wrk's arguments]: a line of name, connections, requests a second, us of
# CPU a request, p50, p99, and answers that were none of 2xx and 3xx.
measure() {
  local name=$1 server=$2 path=$3; shift 3
  [ "$name" = raw-hyper ] || wanted "$name" || return 0
  [ -n "${urls[$server]:-}" ] || return 0
  local pid=${pids[$server]} before after
  before=$(cpu_ticks "$pid")
  wrk -t1 -c"$connections" -d"${seconds}s" --latency "$@" "${urls[$server]}$path" > "$work/wrk" 2> "$work/wrk.err"
  after=$(cpu_ticks "$pid")
  cat "$work/wrk.err" >&2
  awk -v name="$name" -v c="$connections" -v ticks=$((after - before)) -v hz="$hertz" '
    function us(text) { return text ~ /us$/ ? text + 0 : text ~ /ms$/ ? text * 1e3 : text * 1e6 }
    $1 == "50%" { p50 = us($2) }
    $1 == "99%" { p99 = us($2) }
    / requests in / { n = $1 }
    /^Requests\/sec/ { rate = $2 }
    /Non-2xx/ { bad = $NF }
    END { if (n == 0) n = 1; printf "%s %d %.0f %.2f %.0f %.0f %d\n", name, c, rate, ticks * 1e6 / hz / n, p50, p99, bad }
  ' "$work/wrk" >> "$results"
}

fresh_tokens() {
  wanted me-new-token || return 0
  TOKENS=$work/tokens
  rm -f "$TOKENS"
  TOKENS=$TOKENS COOKIE=${cookies[ann]} wrk -t1 -c16 -d"$((2 * seconds))s" -s "$here/gather.lua" \
    "${urls[doorkey]}/auth/refresh" > /dev/null
}

# What a proxy tells of the request that it holds back.
asked=(-H 'X-Forwarded-Method: GET' -H 'X-Forwarded-Proto: https' -H 'X-Forwarded-Host: app.example.org'
  -H 'X-Forwarded-Uri: /')

all_rows() {
  local bearer="Authorization: Bearer ${tokens[ann]}" json='application/json'
  local login; login=$(credentials lea)
  measure raw-hyper raw-hyper /
  measure hello-warp hello-warp /hello/ann
  measure healthz doorkey /healthz
  measure jwks doorkey /.well-known/jwks.json
  measure me-seen-token doorkey /auth/me -H "$bearer"
  TOKENS=$work/tokens measure me-new-token doorkey /auth/me -s "$here/tokens.lua"
  BODY= TYPE=$json measure refresh doorkey /auth/refresh -s "$here/post.lua" -H "Cookie: ${cookies[ann]}"
  BODY=$login TYPE=$json measure login doorkey /auth/login -s "$here/post.lua"
  measure session-list doorkey /auth/sessions -H "$bearer"
  measure admin-users doorkey '/admin/users?limit=50' -H "Authorization: Bearer ${tokens[root]}"
  BODY="token=${tokens[ann]}" TYPE=application/x-www-form-urlencoded measure introspect doorkey \
    /oauth/introspect -s "$here/post.lua" -H "Authorization: Basic $(printf 'bench:%s' "$secret" | base64 -w0)"
  measure status-list doorkey "$list"
  measure forward-auth-bearer doorkey /forward-auth -H "$bearer" "${asked[@]}"
  measure forward-auth-cookie doorkey /forward-auth -H "Cookie: ${cookies[forward]}" "${asked[@]}"
  for kind in text key; do
    local server=express-$kind
    measure "$server-me" "$server" /auth/me -H "Authorization: Bearer ${tokens[$server]:-}"
    BODY= TYPE=$json measure "$server-refresh" "$server" /auth/refresh -s "$here/post.lua" \
      -H "Cookie: ${cookies[$server]:-}"
    BODY=$login TYPE=$json measure "$server-login" "$server" /auth/login -s "$here/post.lua"
  done
}

# The list that tokens name.
sign_all_in
list=$(cut -d. -f2 <<< "${tokens[ann]}" | tr -- -_ +/ | { base64 -d 2> /dev/null || true; } \
  | sed -n 's/.*"uri":"http[^"]*\(\/\.well-known\/status-list\/[^"]*\)".*/\1/p')

for round in $(seq "$rounds"); do
  for connections in $levels; do
    sign_all_in
    fresh_tokens
    echo "round $round of $rounds, $connections connections" >&2
    all_rows
  done
done

printf '%s, %s CPUs, %s s a measurement, medians of %s rounds\n' \
  "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" "$(nproc)" "$seconds" "$rounds"
# The order of the rows is that of their first measurement.
awk '
  function median(list,   parts, n, i, j, t) {
    n = split(list, parts, " ")
    for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++)
      if (parts[j] + 0 < parts[i] + 0) { t = parts[i]; parts[i] = parts[j]; parts[j] = t }
    return n % 2 ? parts[(n + 1) / 2] : (parts[n / 2] + parts[n / 2 + 1]) / 2
  }
  { key = $2 " " $1
    if (!(key in seen)) { seen[key] = 1; order[++count] = key }
    rate[key] = rate[key] " " $3; cpu[key] = cpu[key] " " $4
    p50[key] = p50[key] " " $5; p99[key] = p99[key] " " $6; bad[key] += $7
    if ($1 == "raw-hyper") raw[$2] = raw[$2] " " $4 }
  END {
    for (i = 1; i <= count; i++) {
      key = order[i]; split(key, part, " ")
      if (part[1] != level) {
        level = part[1]
        printf "\n%-22s %10s %12s %10s %10s %10s\n", level " connections", "us CPU", "x raw hyper", "req/s", "p50 us", "p99 us"
      }
      warning = bad[key] ? "   " bad[key] " ANSWERS WERE REFUSALS" : ""
      printf "%-22s %10.1f %12.2f %10.0f %10.0f %10.0f%s\n", part[2], median(cpu[key]),
        median(cpu[key]) / median(raw[level]), median(rate[key]), median(p50[key]), median(p99[key]), warning
    }
  }' "$results"
