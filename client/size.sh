#!/usr/bin/env bash
# Prints what the client weighs, as it is and as a proxy sends it; fails above 4096 bytes.
set -euo pipefail
cd "$(dirname "$0")"
raw=$(wc -c <doorkey.js)
packed=$(gzip -9 -n -c doorkey.js | wc -c)
echo "doorkey.js: $raw bytes, $packed with gzip (at most 4096)"
[ "$packed" -le 4096 ]
