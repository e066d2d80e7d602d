#!/usr/bin/env bash
# Size, cold start and memory of the release binary, or of another one. Prints one line each; bounded
# and local.
#   benches/footprint.sh [BINARY]
set -euo pipefail
if [ $# -gt 0 ]; then
  binary=$(realpath "$1")
else
  cd "$(dirname "$0")/.."
  cargo build --release --quiet
  binary=$(realpath "${CARGO_TARGET_DIR:-target}/release/doorkey")
fi
work=$(mktemp -d)
trap 'kill "${pid:-0}" 2>/dev/null || true; rm -rf "$work"' EXIT

now_ms() { echo $(( $(date +%s%N) / 1000000 )); }
resident() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

# Starts a server on the folder, waits for its line and its first answer, notes the milliseconds that
# took.
start() {
  local begin; begin=$(now_ms)
  coproc SERVER {
    exec env DOORKEY_LIMITS__LOGIN_FAILURES=0 DOORKEY_LIMITS__LOGIN_FAILURES_PER_ACCOUNT=0 \
      DOORKEY_LIMITS__LOGIN_FAILURES_PER_NETWORK=0 \
      "$binary" serve --data "$work/data" --listen 127.0.0.1:0 2> "$work/err"
  }
  pid=$SERVER_PID
  if ! read -r line <&"${SERVER[0]}"; then cat "$work/err" >&2; exit 1; fi
  url=${line#doorkey is listening on }
  first_answer
  took=$(( $(now_ms) - begin ))
}
# Asked by bash itself: curl takes ten milliseconds to start.
first_answer() {
  local address=${url#http://} status
  exec {socket}<> "/dev/tcp/${address%:*}/${address##*:}"
  printf 'GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$address" >&"$socket"
  read -r status <&"$socket"
  exec {socket}>&-
  [[ $status == *" 200 "* ]] || { echo "the first answer is $status" >&2; exit 1; }
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
