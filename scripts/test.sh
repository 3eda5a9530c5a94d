#!/usr/bin/env bash
# Runs go test and prints, before its summary, how much the suites covered.
#
# Usage: scripts/test.sh [ARGUMENT OF go test...]
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one

TEST_COUNTS=$(mktemp)
export TEST_COUNTS # where the suites write what they count
trap 'rm -f "$TEST_COUNTS"' EXIT

go test "$@" | awk -v counts="$TEST_COUNTS" '
  /^(ok|FAIL|\?) / || /^(ok|FAIL|\?)\t/ || /^FAIL$/ { held[++n] = $0; next }
  { print; fflush() }
  END {
    while ((getline line < counts) > 0) print line | "sort"
    close("sort")
    for (i = 1; i <= n; i++) print held[i]
  }'
