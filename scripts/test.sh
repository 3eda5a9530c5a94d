#!/usr/bin/env bash
# Runs all tests and prints, before the summary, how much the suites covered. Most packages run three at a time, for they wait a good
# deal; what is about time and load runs alone, because others would take the time from it. In the end it holds the error codes that
# all tests have seen against those of the contract.
#
# Usage: scripts/test.sh [ARGUMENT OF go test...]
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one

TEST_COUNTS=$(mktemp)
TEST_CODES=$(mktemp)
export TEST_COUNTS TEST_CODES # where the suites write what they count, and which codes they saw
trap 'rm -f "$TEST_COUNTS" "$TEST_CODES"' EXIT

alone='/(server/servertest/faults|store/change|store/sqldb|cmd/postern)$'
codes=/server/servertest/codes$

run() {
  local failed=0
  go list ./... | grep -Ev "$alone|$codes" | xargs go test -vet=off -p 3 "$@" || failed=1 # make check has had a look
  go list ./... | grep -E "$alone" | xargs go test -vet=off -p 1 "$@" || failed=1
  ((failed)) || TEST_CODES_COMPLETE=yes go test -count 1 "$@" ./server/servertest/codes || failed=1
  return "$failed"
}

run "$@" | awk -v counts="$TEST_COUNTS" '
  /^(ok|FAIL|\?) / || /^(ok|FAIL|\?)\t/ || /^FAIL$/ { held[++n] = $0; next }
  { print; fflush() }
  END {
    while ((getline line < counts) > 0) print line | "sort"
    close("sort")
    for (i = 1; i <= n; i++) print held[i]
  }'
