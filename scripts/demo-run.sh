#!/usr/bin/env bash
# Starts bin/postern on a free port with a data directory of its own, plays scripts/demo.sh on it and stops it.
#
# Usage: scripts/demo-run.sh [PROGRAM]
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${1:-$root/bin/postern}")
work=$(mktemp -d)
pid=''

finish() {
  local code=$?
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
    kill -TERM "$pid"
    wait "$pid" || code=$?
  fi
  if [ "$code" -ne 0 ]; then
    echo "--- output of the server" >&2
    cat "$work/stdout" "$work/stderr" >&2 || true
  fi
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

# No setting of whoever calls this may reach the server.
for name in $(compgen -e | grep '^POSTERN_' || true); do unset "$name"; done
cd "$work"
"$program" serve --listen 127.0.0.1:0 --data-dir "$work/data" >stdout 2>stderr &
pid=$!

# The server prints the address once it listens.
url=''
for _ in $(seq 200); do
  url=$(sed -n 's|.*\(http://[^ ]*\)/docs/.*|\1|p' stdout | head -n 1)
  if [ -n "$url" ] && curl --silent --fail --max-time 2 --output /dev/null "$url/readyz"; then break; fi
  kill -0 "$pid" 2>/dev/null || { echo "the server ended while starting" >&2; exit 1; }
  url=''
  sleep 0.05
done
[ -n "$url" ] || { echo "the server did not become ready" >&2; exit 1; }

{ read -r admin; read -r password; } <"$work/data/initial-admin"
bash "$root/scripts/demo.sh" "$url" "$admin" "$password"
