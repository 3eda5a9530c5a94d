#!/usr/bin/env bash
# Installs what the tests call and this machine lacks. Nothing that is there is upgraded.
set -euo pipefail

command -v go >/dev/null || { echo "Go 1.26 or newer is needed." >&2; exit 1; }

missing=()
for package in curl jq; do
  command -v "$package" >/dev/null || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || { echo "please install: ${missing[*]}" >&2; exit 1; }
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}
apt update
apt install -y --no-install-recommends --no-upgrade "${missing[@]}"
