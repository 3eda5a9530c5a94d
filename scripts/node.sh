#!/usr/bin/env bash
# Fails when there is no Node, or one that is too old for the TypeScript client. Installs nothing.
set -euo pipefail

need() {
  echo "Node 20.19 or newer is needed, with npm, for the TypeScript client; $1." >&2
  exit 1
}

command -v node >/dev/null || need "there is no node here"
version=$(node --version) || need "node --version fails"
[[ $version =~ ^v([0-9]+)\.([0-9]+)\. ]] || need "node says that it is version ${version:-(nothing)}"
major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
if ((major < 20 || (major == 20 && minor < 19))); then need "this one is ${version#v}"; fi
command -v npm >/dev/null || need "there is no npm here"
