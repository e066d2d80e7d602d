#!/bin/sh
# doorkey's public keys for haproxy.cfg: key1.pem (the newest), key2.pem and key3.pem, and a reload
# of HAProxy when one has changed. Run it each minute, by a systemd timer or cron, as root:
#
#     haproxy-keys.sh [FOLDER] [RELOAD]
#
# By default it asks the doorkey on this machine. On another machine set DOORKEY_JWKS_URL, such as
# https://login.example.org/.well-known/jwks.json: curl fetches the set and doorkey turns it into
# PEM. The master key and the store are not needed there.
set -eu

folder=${1:-/etc/haproxy/doorkey}
reload=${2:-systemctl reload haproxy}
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

if [ -n "${DOORKEY_JWKS_URL:-}" ]; then
    curl --fail --silent --show-error --max-time 20 "$DOORKEY_JWKS_URL" >"$new/jwks"
    # The variable is this script's and none of doorkey's settings.
    env -u DOORKEY_JWKS_URL doorkey key pem --jwks "$new/jwks" >"$new/pem"
else
    doorkey key pem >"$new/pem"
fi

# One file for each key, the newest three.
awk -v to="$new" '/^-----BEGIN PUBLIC KEY-----$/ { n++ } n && n < 4 && /^[-A-Za-z0-9+\/= ]+$/ {
    if ($0 !~ /^(ES256|RS256|EdDSA) /) print > (to "/key" n ".pem") }' "$new/pem"
[ -s "$new/key1.pem" ] || { echo "haproxy-keys.sh: doorkey names no key" >&2; exit 1; }
# HAProxy wants all three files: where there are fewer keys, the newest stands in for the others.
for n in 2 3; do
    [ -s "$new/key$n.pem" ] || cp "$new/key1.pem" "$new/key$n.pem"
done

mkdir -p "$folder"
changed=
for n in 1 2 3; do
    if ! cmp -s "$new/key$n.pem" "$folder/key$n.pem"; then
        # Written beside it and renamed: a reload never reads half a key.
        cp "$new/key$n.pem" "$folder/.key$n.pem"
        mv "$folder/.key$n.pem" "$folder/key$n.pem"
        changed=yes
    fi
done
[ -z "$changed" ] || $reload
