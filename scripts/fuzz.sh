#!/usr/bin/env bash
# Runs every fuzz target of the packages, one after another, each for a bounded time.
#
# Usage: scripts/fuzz.sh TIME PACKAGE...
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one

time=$1
shift
for package in "$@"; do
  for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    echo "$package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"
  done
done
