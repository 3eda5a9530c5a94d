#!/usr/bin/env bash
# Fails when a file that is generated from openapi.yaml is not what `make generate` makes of it. The files are made in a temporary
# directory and compared, so that neither the working tree nor git matters.
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

tar -c --exclude=./.git --exclude=./bin --exclude=./data --exclude=node_modules --exclude=./clients/typescript/dist . | tar -x -C "$copy"
ln -s "$PWD/clients/typescript/node_modules" "$copy/clients/typescript/node_modules"
# A file that nothing generates any more must not pass because it was copied.
find "$copy/gen" "$copy/clients/go" \( -name '*.gen.go' -o -name 'openapi.*' \) -delete
rm -rf "$copy/clients/typescript/src/gen"
(cd "$copy" && go generate ./gen && npm --prefix clients/typescript run --silent generate) >"$copy/log" 2>&1 || {
  cat "$copy/log" >&2
  exit 1
}
stale=0
for part in gen clients/go clients/typescript/src; do
  diff -rq "$part" "$copy/$part" | sed "s|$copy|the new|" >&2 || true
  diff -rq "$part" "$copy/$part" >/dev/null || stale=1
done
((stale == 0)) || { echo 'generated files are stale: run `make generate`' >&2; exit 1; }
