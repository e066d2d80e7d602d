#!/usr/bin/env bash
# What the tests of clock and disk need from the system. Without it those tests say that they
# were skipped. As root on Debian it is installed here; else it says what to install.
set -euo pipefail

missing=()
for tool in faketime strace; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq "${missing[@]}"
else
  echo "tests/tools.sh: NOT INSTALLED: ${missing[*]}; the tests that need them are skipped" >&2
fi
