#!/usr/bin/env bash
# Runs a command while throw-away servers are up, whose URLs are in TEST_MYSQL_URL, TEST_POSTGRES_URL and TEST_LDAP_URL,
# and whatever else it takes to use them in further variables. Where all three are set already they are used.
#
# Usage: scripts/with-backends.sh COMMAND [ARGUMENT...]
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one

[ $# -gt 0 ] || { sed -n 's/^# \{0,1\}//; 5p' "$0" >&2; exit 2; }
[ -z "${TEST_MYSQL_URL:-}" ] || [ -z "${TEST_POSTGRES_URL:-}" ] || [ -z "${TEST_LDAP_URL:-}" ] || exec "$@"

# What tests write is gone when they end. It is kept in memory where there is room for it, and where programs may be run from: the
# tests take a third of the time that they take on a disk.
in_memory() {
  local room probe
  room=$(df --output=avail -k /dev/shm 2>/dev/null | tail -1) || return 1
  ((room > 8 << 20)) && probe=$(mktemp /dev/shm/probe.XXXXXX) || return 1
  printf '#!/bin/sh\n' >"$probe"
  chmod +x "$probe"
  "$probe" 2>/dev/null && rm "$probe" || { rm "$probe"; return 1; }
}
if [ -z "${TMPDIR:-}" ] && in_memory; then export TMPDIR=/dev/shm; fi

backends=$(cd "$(dirname "$0")" && pwd)/backends.sh
dir=''
trap '[ -z "$dir" ] || "$backends" down "$dir"' EXIT
trap 'trap "" INT TERM; exit 1' INT TERM
answer=$("$backends" up)
dir=$(sed -n 's/^DIR=//p' <<<"$answer")
while IFS= read -r line; do export "${line?}"; done < <(grep '^TEST_' <<<"$answer")
"$@"
