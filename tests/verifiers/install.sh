#!/usr/bin/env bash
# Installs the libraries by which the README's snippets verify tokens, below target/, so that
# tests/it/verifiers.rs can run them. Where Node or Python is missing it says so and goes on.
set -euo pipefail
cd "$(dirname "$0")/../.."
home="$PWD/target/verifiers"
mkdir -p "$home"

if command -v npm >/dev/null; then
  if [ ! -d "$home/node/node_modules/jose" ]; then
    mkdir -p "$home/node"
    npm install --silent --no-fund --no-audit --prefix "$home/node" jose@6
  fi
else
  echo "verifiers: npm is missing, the Node snippet will not be run" >&2
fi

if command -v python3 >/dev/null; then
  if ! "$home/python/bin/python" -c 'import jwt, cryptography' 2>/dev/null; then
    python3 -m venv "$home/python"
    "$home/python/bin/pip" install --quiet --disable-pip-version-check 'pyjwt[crypto]>=2.10,<3'
  fi
else
  echo "verifiers: python3 is missing, the Python snippet will not be run" >&2
fi
