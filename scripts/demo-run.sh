#!/usr/bin/env bash
# Starts bin/postern on a free port with a data directory of its own, plays scripts/demo.sh on it and stops it. With ldap as
# backend the accounts are in a tree of their own on the directory that scripts/with-backends.sh has started.
#
# Usage: scripts/demo-run.sh [sqlite|ldap [PROGRAM]]
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one

root=$(cd "$(dirname "$0")/.." && pwd)
backend=${1:-sqlite}
program=$(realpath "${2:-$root/bin/postern}")
work=$(mktemp -d)
pid='' tree=''

# directory COMMAND [ARGUMENT...]: runs a tool of OpenLDAP as one who may write anything.
directory() {
  local tool=$1
  shift
  "$tool" -x -H "$TEST_LDAP_URL" -D "$TEST_LDAP_BIND_DN" -w "$TEST_LDAP_BIND_PASSWORD" "$@"
}

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
  [ -z "$tree" ] || directory ldapdelete -r "$tree" || code=$?
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

# No setting of whoever calls this may reach the server.
for name in $(compgen -e | grep '^POSTERN_' || true); do unset "$name"; done
cd "$work"
export POSTERN_MLMMJ_SPOOL=$work/mlmmj
if [ "$backend" = ldap ]; then
  tree=o=demo-$$,$TEST_LDAP_SUFFIX
  for dn in "$tree" "o=domains,$tree" "o=domainAdmins,$tree"; do
    printf 'dn: %s\nobjectClass: organization\n\n' "$dn"
  done | directory ldapadd >/dev/null
  export POSTERN_LDAP_URL=$TEST_LDAP_URL POSTERN_LDAP_BIND_DN=$TEST_LDAP_BIND_DN POSTERN_LDAP_BASE_DN="o=domains,$tree"
  export POSTERN_LDAP_BIND_PASSWORD=$TEST_LDAP_BIND_PASSWORD POSTERN_ADMIN=admin@postern.local
  for name in AMAVISD IREDAPD IREDADMIN; do export "POSTERN_${name}_DSN=sqlite://$work/$name.db"; done
fi
"$program" serve --backend "$backend" --listen 127.0.0.1:0 --data-dir "$work/data" >stdout 2>stderr &
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
