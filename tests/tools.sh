#!/usr/bin/env bash
# What tests need from the system: those of clock and disk, and those of examples/proxies, which
# start the real proxies. Without it those tests say that they were skipped. As root on Debian it is
# installed here; else it says what to install.
set -euo pipefail

missing=()
for tool in faketime strace nginx caddy haproxy apache2; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
[ -e /usr/lib/apache2/modules/mod_oauth2.so ] || missing+=(libapache2-mod-oauth2)
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  # The tests start them themselves: none is to be started as a service, for which Debian asks this.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
else
  echo "tests/tools.sh: NOT INSTALLED: ${missing[*]}; the tests that need them are skipped" >&2
fi
