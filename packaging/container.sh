#!/usr/bin/env bash
# The steps of Containerfile by hand, where no container engine is: an empty root that holds the
# static binary and nothing else, mounted read-only, a writable /data, the user 65532, no rights;
# then what an engine would run in it. Needs root and packaging/out/doorkey (packaging/static.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
binary=packaging/out/doorkey

if [ "$(id -u)" -ne 0 ] || ! command -v unshare >/dev/null || ! command -v setpriv >/dev/null ||
  ! command -v chroot >/dev/null; then
  echo "SKIPPED: packaging/container.sh needs root, unshare, chroot and setpriv" >&2
  exit 0
fi
[ -x "$binary" ] || { echo "SKIPPED: there is no $binary; packaging/static.sh makes it" >&2; exit 0; }

if [ "${1:-}" != inside ]; then
  # Mounts of its own, which end with it.
  exec unshare --mount --propagation private "$0" inside
fi

work=$(mktemp -d)
root=$work/root
pid=
# The process is known by the folder of its own; nothing else is ended here.
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; wait; umount -R "$root" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -p "$root/data" "$work/data"
cp "$binary" "$root/doorkey"
chown 65532:65532 "$work/data"
chmod 0700 "$work/data"
mount --bind "$root" "$root"
mount --bind "$work/data" "$root/data"
# The devices that every engine makes: a static glibc asks /dev/urandom, not the kernel's call.
mkdir "$root/dev"
mount -t tmpfs -o size=64k,mode=0755 tmpfs "$root/dev"
for device in null random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root"

port=$(( 20000 + RANDOM % 10000 ))
run() { # ARGUMENT…: as the image would: by number, without rights, nothing of this environment
  exec env -i DOORKEY_DATA=/data DOORKEY_HTTP__LISTEN="127.0.0.1:$port" DOORKEY_HTTP__PLAIN=public \
    DOORKEY_REGISTRATION=open \
    "$(command -v setpriv)" --no-new-privs "$(command -v chroot)" --userspec=65532:65532 --groups= "$root" /doorkey "$@"
}
fails() { echo "packaging/container.sh: $1" >&2; cat "$work/err" >&2; exit 1; }

(run serve) >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 500); do
  grep -q '^doorkey is listening on ' "$work/out" && break
  kill -0 "$pid" 2>/dev/null || fails "it does not start"
  sleep 0.02
done
(run healthcheck) 2>>"$work/err" || fails "the healthcheck of a running server fails"
grep -q '^Uid:.65532.65532.65532.65532$' "/proc/$pid/status" || fails "it runs as another user"
grep -q '^CapEff:.0000000000000000$' "/proc/$pid/status" || fails "it has rights"
grep -q '^NoNewPrivs:.1$' "/proc/$pid/status" || fails "it could get rights"
if touch "$root/file" 2>/dev/null; then fails "the root is not read-only"; fi
form='{"username":"ann","password":"a quiet place by the sea"}'
for step in register login; do
  curl -sSf -o /dev/null "http://127.0.0.1:$port/auth/$step" -H 'Content-Type: application/json' -d "$form" ||
    fails "$step does not work"
done
kill -TERM "$pid"
wait "$pid" || fails "it does not stop in order"
pid=
if (run healthcheck) 2>/dev/null; then fails "the healthcheck of a server that is gone succeeds"; fi
# The volume is all that is kept: the account is there after a new start.
(run serve) >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 500); do
  grep -q '^doorkey is listening on ' "$work/out" && break
  kill -0 "$pid" 2>/dev/null || fails "it does not start again"
  sleep 0.02
done
curl -sSf -o /dev/null "http://127.0.0.1:$port/auth/login" -H 'Content-Type: application/json' -d "$form" ||
  fails "the account is gone"
echo "as a container: an empty read-only root, the user 65532 without rights, a volume, a healthcheck"
