#!/usr/bin/env bash
# The tests in a real browser against the real binary. Files to run may be named; default: all.
# Screenshots go to target/screenshots. Where the tools are missing it says so and goes on.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/browser/install.sh
target="${CARGO_TARGET_DIR:-$PWD/target}"
for tool in node chromium; do
  if ! command -v "$tool" >/dev/null; then
    echo "tests/browser: SKIPPED, there is no $tool on this machine" >&2
    exit 0
  fi
done
if [ ! -d "$target/browser/node_modules/playwright-core" ]; then
  echo "tests/browser: SKIPPED, playwright-core could not be installed (npm is missing)" >&2
  exit 0
fi
cargo build --quiet
[ $# -gt 0 ] || set -- tests/browser/*.test.mjs
export DOORKEY_TARGET="$target"
# One file at a time: each has a browser and a server of its own.
exec node --test --test-reporter=spec --test-concurrency=1 --test-timeout=180000 --test-force-exit "$@"
