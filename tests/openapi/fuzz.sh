#!/usr/bin/env bash
# Runs schemathesis against /openapi.json of the real binary, as nobody, as a user and as an
# administrator: no answer may be a 5xx, or one that the document does not have.
#
#   tests/openapi/fuzz.sh                                the short form, as CI runs it
#   DOORKEY_OPENAPI_EXAMPLES=200 tests/openapi/fuzz.sh   a long one
#   DOORKEY_OPENAPI_SEED=7 tests/openapi/fuzz.sh         other requests
#
# Installs schemathesis below target/. Without Python it says so and is no failure.
set -euo pipefail
cd "$(dirname "$0")/../.."

examples=${DOORKEY_OPENAPI_EXAMPLES:-20}
seed=${DOORKEY_OPENAPI_SEED:-20261128}
# The server refuses variables of that name that it does not know.
unset DOORKEY_OPENAPI_EXAMPLES DOORKEY_OPENAPI_SEED
venv="$PWD/target/openapi/python" tests="$PWD/tests/openapi"

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "tests/openapi/fuzz.sh: NOT RUN: python3 with venv and pip is missing" >&2
  exit 0
fi
if ! "$venv/bin/python" -c 'import schemathesis' 2>/dev/null; then
  mkdir -p "$(dirname "$venv")"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis>=4.32,<5'
fi

cargo build
doorkey="${CARGO_TARGET_DIR:-$PWD/target}/debug/doorkey"
here=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" || true; fi
  rm -rf "$here"
}
trap stop EXIT

export DOORKEY_DATA="$here/data" DOORKEY_REGISTRATION=open DOORKEY_LOG__FORMAT=json
# A limit would end the run at the first minute.
export DOORKEY_LIMITS__{LOGIN_FAILURES{,_PER_ACCOUNT,_PER_NETWORK},REGISTRATIONS_PER_NETWORK}=0
export DOORKEY_LIMITS__PROFILE_CHANGES_PER_ACCOUNT=0
"$doorkey" serve --listen 127.0.0.1:0 >"$here/out" 2>"$here/log" &
server=$!
for _ in $(seq 100); do
  BASE=$(sed -n 's/^doorkey is listening on //p' "$here/out")
  [ -z "$BASE" ] || break
  sleep 0.1
done
if [ -z "$BASE" ]; then
  cat "$here/log" >&2
  exit 1
fi
export BASE PASSWORD="no fuzzer guesses this one"

# One caller's run, and its figures.
run() {
  local exclude=()
  # session.py gives its own to a request from which the fuzzer has taken the token away.
  if [ "$1" != nobody ]; then exclude=(--exclude-checks ignored_auth,missing_required_header); fi
  export CALLER=$1 COUNTS="$here/$1.json"
  # It leaves files of its own where it runs.
  (cd "$here" && SCHEMATHESIS_HOOKS="$tests/session.py" PYTHONWARNINGS=ignore \
    "$venv/bin/schemathesis" --config-file "$tests/schemathesis.toml" run "$BASE/openapi.json" \
    --url "$BASE" --no-color --seed "$seed" --max-examples "$examples" --continue-on-failure \
    --generation-database none "${exclude[@]}") >"$here/$1.txt" 2>&1 || {
    cat "$here/$1.txt"
    echo "tests/openapi/fuzz.sh: findings as $1, see above" >&2
    failed=1
  }
  "$venv/bin/python" - "$COUNTS" "$CALLER" <<'PYTHON'
import json, sys
figures = json.load(open(sys.argv[1], encoding="utf-8"))
answers = ", ".join(f"{count} of {status}" for status, count in figures["answers"].items())
print(f"as {sys.argv[2]}: {figures['cases']} cases over {len(figures['operations'])} operations: {answers}")
PYTHON
}

failed=
run nobody
for who in user admin; do
  roles=(--role user)
  if [ "$who" = admin ]; then roles+=(--role admin); fi
  "$doorkey" user add "$who" "${roles[@]}" --password-stdin <<<"$PASSWORD" >/dev/null 2>"$here/added"
  run "$who"
done

if grep -E '"level":"ERROR"|panicked' "$here/log" >&2; then
  echo "tests/openapi/fuzz.sh: the server's log has errors, see above" >&2
  failed=1
fi
[ -z "$failed" ]
