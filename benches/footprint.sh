#!/usr/bin/env bash
# Size, cold start and memory of the release binary. Prints one line each; bounded and local.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet
binary="$PWD/target/release/doorkey"
work=$(mktemp -d)
trap 'kill "${pid:-0}" 2>/dev/null || true; rm -rf "$work"' EXIT

now_ms() { echo $(( $(date +%s%N) / 1000000 )); }
resident() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

# Starts a server on the folder, waits for its line, notes the milliseconds that took.
start() {
  local begin; begin=$(now_ms)
  coproc SERVER {
    exec env DOORKEY_LIMITS__LOGIN_FAILURES=0 DOORKEY_LIMITS__LOGIN_FAILURES_PER_ACCOUNT=0 \
      DOORKEY_LIMITS__LOGIN_FAILURES_PER_NETWORK=0 \
      "$binary" serve --data "$work/data" --listen 127.0.0.1:0 2> "$work/err"
  }
  pid=$SERVER_PID
  if ! read -r line <&"${SERVER[0]}"; then cat "$work/err" >&2; exit 1; fi
  took=$(( $(now_ms) - begin ))
  url=${line#doorkey is listening on }
}
stop() { kill -TERM "$pid"; wait "$pid" || true; }

cd "$work"
printf 'binary size          %s MB\n' "$(awk "BEGIN { printf \"%.1f\", $(stat -c %s "$binary") / 1e6 }")"
start; printf 'first start, new store   %s ms\n' "$took"; stop
for _ in 1 2 3 4; do start; times="${times:-}$took "; stop; done
printf 'cold starts          %sms\n' "$times"
start
sleep 1
printf 'idle memory          %s MB resident\n' "$(resident "$pid")"
for _ in $(seq 200); do
  curl -s -o /dev/null "$url/auth/login" -H 'Content-Type: application/json' \
    -d '{"username":"nobody","password":"not a real password"}' &
  [ $(( $(jobs -r | wc -l) )) -ge 32 ] && wait -n
done
for job in $(jobs -p | grep -v "^$pid$"); do wait "$job" || true; done
printf 'after 200 logins     %s MB resident\n' "$(resident "$pid")"
# What hashing took is given back after ten seconds without a password.
sleep 12
printf 'twelve seconds later %s MB resident\n' "$(resident "$pid")"
stop
