#!/usr/bin/env bash
# Instructions of one request, which no busy neighbour changes: the difference of two runs of
# benches/request.rs under callgrind, by kind. With a kind as argument also the functions that take
# most of them.  Needs valgrind.
#   benches/instructions.sh [KIND]
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v valgrind >/dev/null; then apt-get install -y --no-install-recommends valgrind >/dev/null; fi
export CARGO_PROFILE_BENCH_STRIP=none CARGO_PROFILE_BENCH_DEBUG=1
program=$(cargo bench --bench request --no-run --message-format=json 2>/dev/null \
  | sed -n 's/.*"executable":"\([^"]*request-[^"]*\)".*/\1/p' | tail -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() {
  valgrind --tool=callgrind --callgrind-out-file="$work/out" "$program" "$1" "$2" 2>&1 >/dev/null \
    | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
for kind in ${1:-raw healthz seen new refresh sign signature verify verification}; do
  few=$(count "$kind" 200)
  many=$(count "$kind" 1200)
  printf '%-14s %10d instructions\n' "$kind" $(( (many - few) / 1000 ))
done
if [ -n "${1:-}" ]; then
  callgrind_annotate "$work/out" | sed -n '/Ir/,$p' | cut -c1-150 | head -45
fi
