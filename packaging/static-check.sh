#!/usr/bin/env bash
# Shows that a doorkey is static and does its work, and prints its size, memory and start beside the
# dynamic one where that is built (target/release/doorkey).
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")/.."
dynamic=${CARGO_TARGET_DIR:-$PWD/target}/release/doorkey
work=$(mktemp -d)
# Where no auth.toml is read by accident.
cd "$work"
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

# ldd answers with failure for what is not dynamic.
if said=$(ldd "$binary" 2>&1) && ! grep -q 'statically linked' <<<"$said"; then
  printf '%s is not static:\n%s\n' "$binary" "$said" >&2
  exit 1
fi
if command -v readelf >/dev/null && readelf -l "$binary" | grep -q INTERP; then
  echo "$binary asks for an interpreter" >&2
  exit 1
fi
command -v file >/dev/null && file -b "$binary" | cut -d, -f1-5

now_ms() { echo $(( $(date +%s%N) / 1000000 )); }
start() { # BINARY ARGUMENT…: sets pid, url and took
  local begin file=$1
  shift
  begin=$(now_ms)
  : >"$work/out"
  env -i DOORKEY_REGISTRATION=open "$file" serve --listen 127.0.0.1:0 "$@" >"$work/out" 2>"$work/err" &
  pid=$!
  until grep -q '^doorkey is listening on ' "$work/out"; do
    kill -0 "$pid" 2>/dev/null || { cat "$work/err" >&2; exit 1; }
    sleep 0.002
  done
  took=$(( $(now_ms) - begin ))
  url=$(sed -n 's/^doorkey is listening on //p' "$work/out")
}
stop() { kill -TERM "$pid"; wait "$pid"; pid=; }
json='Content-Type: application/json'
form='{"username":"ann","password":"a quiet place by the sea"}'

# Register (a hash), log in, refresh, ask, log out; then the same over TLS.
works() { # CURL ARGUMENT…
  local token
  curl -sSf "$@" -o /dev/null "$url/auth/register" -H "$json" -d "$form"
  token=$(curl -sSf "$@" -c "$work/jar" "$url/auth/login" -H "$json" -d "$form" |
    sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -sSf "$@" -o /dev/null "$url/auth/me" -H "Authorization: Bearer $token"
  curl -sSf "$@" -o /dev/null -b "$work/jar" -X POST "$url/auth/refresh"
  curl -sSf "$@" -o /dev/null -b "$work/jar" -X POST "$url/auth/logout"
  [ "$(curl -s "$@" -o /dev/null -w '%{http_code}' "$url/auth/me" -H "Authorization: Bearer $token")" = 401 ]
}
start "$binary" --data "$work/plain"
works
env -i "$binary" healthcheck --url "$url/readyz"
stop
start "$binary" --dev --tls --data "$work/tls"
works --cacert "$work/tls/dev-tls.pem"
stop
echo "works: register, login, access, refresh, logout, over HTTP and over TLS"

figures() { # NAME BINARY
  local times= n
  start "$2" --data "$work/$1"
  stop
  for n in 1 2 3 4 5; do
    start "$2" --data "$work/$1"
    times="$times$took "
    [ "$n" = 5 ] || stop
  done
  sleep 1
  printf '%-8s %s MB, idle %s MB, cold start %sms\n' "$1" \
    "$(awk "BEGIN { printf \"%.1f\", $(stat -c %s "$2") / 1e6 }")" \
    "$(awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$pid/status")" "$times"
  stop
}
figures static "$binary"
if [ -x "$dynamic" ] && [ "$dynamic" != "$binary" ]; then
  figures dynamic "$dynamic"
else
  echo "no dynamic one to compare with (cargo build --release)"
fi
