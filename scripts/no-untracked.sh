#!/usr/bin/env bash
# Fails when a directory holds files that git does not know: something generated was not committed.
#
# Usage: scripts/no-untracked.sh DIRECTORY...
set -euo pipefail

files=$(git ls-files --others --exclude-standard -- "$@")
[ -z "$files" ] || { printf 'not committed:\n%s\n' "$files" >&2; exit 1; }
