#!/usr/bin/env bash
# Installs what the browser tests need: playwright-core below target/ (it drives the browser and
# brings none of its own), and as root on Debian the system's Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
home="${CARGO_TARGET_DIR:-$PWD/target}/browser"
version=1.65.1

if ! command -v chromium >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium
fi
if command -v npm >/dev/null; then
  if ! grep -qs "\"version\": \"$version\"" "$home/node_modules/playwright-core/package.json"; then
    mkdir -p "$home"
    npm install --silent --no-fund --no-audit --prefix "$home" "playwright-core@$version"
  fi
fi
