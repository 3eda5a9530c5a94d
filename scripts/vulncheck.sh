#!/usr/bin/env bash
# Looks for known faults that the programs reach, in the Go database of faults as a module that scripts/tools/vuln pins:
# nothing is asked for but the module proxy. Fails when there is one. A newer database:
#   go -C scripts/tools/vuln get golang.org/x/vulndb@master && go -C scripts/tools/vuln mod tidy
#
# Usage: scripts/vulncheck.sh [TREE]
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one
unset GOVERSION         # govulncheck believes it rather than the Go that builds

here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "${1:-$here/..}" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

go -C "$here/tools/vuln" build -o "$dir/" golang.org/x/vuln/cmd/govulncheck golang.org/x/vulndb/cmd/indexdb
read -r version date faults < <(go -C "$here/tools/vuln" list -m -f '{{.Version}} {{.Time.Format "2006-01-02"}} {{.Dir}}/data/osv' golang.org/x/vulndb)
"$dir/indexdb" -vulns "$faults" -out "$dir/db"
echo "Faults known to golang.org/x/vulndb $version of $date:"
check() {
  "$dir/govulncheck" -db "file://$dir/db" "$@"
}

# A database that finds nothing where there is something proves nothing: Go 1.26.8 served HTTP with faults.
mkdir "$dir/faulty"
printf 'module faulty\n\ngo 1.21\n' >"$dir/faulty/go.mod"
printf 'package main\n\nimport "net/http"\n\nfunc main() { _ = http.ListenAndServe("127.0.0.1:0", nil) }\n' >"$dir/faulty/main.go"
status=0
(cd "$dir/faulty" && GOVERSION=go1.26.8 check ./... >"$dir/faulty/found") || status=$?
[ "$status" = 3 ] || { cat "$dir/faulty/found"; echo "the database does not know the faults of Go 1.26.8" >&2; exit 1; }

# Every module of ours but those of tools, which are no part of the programs.
found=0
while IFS= read -r module; do
  cd "$(dirname "$module")"
  echo "$(go list -m), built with $(go env GOVERSION):"
  check ./... || found=$?
done < <(find "$tree" -name go.mod -not -path '*/scripts/tools/*' -not -path '*/node_modules/*')
exit "$found"
