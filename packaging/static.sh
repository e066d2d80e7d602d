#!/usr/bin/env bash
# One file that needs nothing of the system it runs on: packaging/out/doorkey-TARGET, and
# packaging/out/doorkey for the image of Containerfile. Builds with musl for each of its targets that
# is installed (`rustup target add x86_64-unknown-linux-musl`; it needs musl-tools of Debian, and for
# another processor its compiler, such as gcc-aarch64-linux-gnu). Where there is none it
# builds with glibc, linked into the file: as static, some 1 MB larger, and without name lookups by
# NSS, which doorkey never makes. Then it shows that the file is static and works.
set -euo pipefail
cd "$(dirname "$0")/.."
out=packaging/out
mkdir -p "$out"

installed=$(rustc --print sysroot)/lib/rustlib
native=$(rustc -vV | sed -n 's/^host: //p')
native=${native%%-*}

# Of another processor's program: Debian's cross compiler, unless another is set.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=${CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER:-aarch64-linux-gnu-gcc}

# Of a program for aarch64 on another processor: whether it starts, under qemu-user of Debian.
try_foreign() { # FILE
  if ! command -v qemu-aarch64-static > /dev/null; then
    echo "NOT RUN: $1 (qemu-aarch64-static of qemu-user-static is not here)"
    return
  fi
  qemu-aarch64-static "$1" --version
}

build() { # TARGET: builds it and keeps the file
  printf '== %s\n' "$1"
  RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --bin doorkey --target "$1"
  cp "${CARGO_TARGET_DIR:-target}/$1/release/doorkey" "$out/doorkey-$1"
}

made=
for target in x86_64-unknown-linux-musl aarch64-unknown-linux-musl; do
  if [ ! -d "$installed/$target" ]; then
    echo "NOT BUILT: $target is not installed (rustup target add $target)"
    continue
  fi
  build "$target"
  if [ "${target%%-*}" = "$native" ]; then made=$target; else try_foreign "$out/doorkey-$target"; fi
done
if [ -z "$made" ]; then
  made=$native-unknown-linux-gnu
  echo "no musl target for this processor: glibc is linked into the file instead"
  build "$made"
fi
cp "$out/doorkey-$made" "$out/doorkey"
packaging/static-check.sh "$out/doorkey"
