#!/usr/bin/env bash
# Runs all tests with the logs of all crates at TRACE, and then searches for every password, token,
# cookie, link and key of that run in all that it wrote. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${CARGO_TARGET_DIR:-$PWD/target}/secrets"
rm -rf "$folder"
mkdir -p "$folder"
chmod 700 "$folder"
DOORKEY_TRACE_SECRETS="$folder" cargo test "$@"
DOORKEY_TRACE_SEARCH="$folder" cargo test --test secrets -- --nocapture
