#!/usr/bin/env bash
# Instructions of one request, which no busy neighbour changes: the difference of two runs of
# benches/request.rs under callgrind, by kind. With a kind as argument also the functions that take
# most of them, for which all is built once more, with their names.  Needs valgrind.
#   benches/instructions.sh [KIND]
# Built quickly, as docs/profile.md has it: the shipped profile takes many minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v valgrind >/dev/null; then apt-get install -y --no-install-recommends valgrind >/dev/null; fi
export CARGO_PROFILE_BENCH_LTO=thin CARGO_PROFILE_BENCH_CODEGEN_UNITS=16
if [ -n "${1:-}" ]; then
  export CARGO_PROFILE_BENCH_DEBUG=line-tables-only CARGO_PROFILE_BENCH_STRIP=none
fi
program=$(cargo bench --quiet --bench request --no-run --message-format=json \
  | sed -n 's/.*"executable":"\([^"]*request-[^"]*\)".*/\1/p' | tail -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() {
  valgrind --tool=callgrind --callgrind-out-file="$work/out" "$program" "$1" "$2" 2>&1 >/dev/null \
    | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
# A start takes some 450 million, and 5 million more or less: aws-lc measures jitter. So many rounds make
# of that 500 a request.
for kind in ${1:-raw healthz seen new refresh sign signature verify verification \
  call-seen call-refresh session problem}; do
  few=$(count "$kind" 200)
  many=$(count "$kind" 10200)
  printf '%-14s %10d instructions\n' "$kind" $(( (many - few) / 10000 ))
done
if [ -n "${1:-}" ]; then
  callgrind_annotate "$work/out" | sed -n '/Ir/,$p' | cut -c1-150 | head -45
fi
