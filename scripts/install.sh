#!/usr/bin/env bash
# Installs what the tests call and this machine lacks. Nothing that is there is upgraded, and nothing is started.
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one
PATH=$PATH:/usr/sbin:/sbin

"$(dirname "$0")/node.sh" # brings no Node: which one a machine has is not for us to change
command -v go >/dev/null || { echo "Go 1.21 or newer is needed; it fetches 1.27.3 from the module proxy." >&2; exit 1; }

# What has to be there, a command or a file, and the package of Debian that brings it.
needs=(
  curl:curl
  jq:jq
  mariadbd:mariadb-server
  '/usr/lib/postgresql/*/bin/postgres:postgresql'
  openssl:openssl
  slapd:slapd
  ldapadd:ldap-utils
  postmap:postfix
  /usr/lib/postfix/postfix-sqlite.so:postfix-sqlite
  /usr/lib/postfix/postfix-mysql.so:postfix-mysql
  /usr/lib/postfix/postfix-pgsql.so:postfix-pgsql
  /usr/lib/postfix/postfix-ldap.so:postfix-ldap
  doveadm:dovecot-core
  /usr/lib/dovecot/imap:dovecot-imapd
  /usr/lib/dovecot/modules/auth/libdriver_sqlite.so:dovecot-sqlite
  /usr/lib/dovecot/modules/auth/libdriver_mysql.so:dovecot-mysql
  /usr/lib/dovecot/modules/auth/libdriver_pgsql.so:dovecot-pgsql
  /usr/lib/dovecot/modules/auth/libauthdb_ldap.so:dovecot-ldap
  amavisd:amavisd-new
  /usr/share/perl5/Mail/SpamAssassin.pm:spamassassin
  '/usr/lib/*/perl5/*/DBD/mysql.pm:libdbd-mysql-perl'
  '/usr/lib/*/perl5/*/DBD/Pg.pm:libdbd-pg-perl'
  mlmmj-list:mlmmj
  altermime:altermime
  fail2ban-regex:fail2ban
  chromium:chromium
)
missing=()
for need in "${needs[@]}"; do
  thing=${need%:*}
  compgen -G "$thing" >/dev/null || command -v "$thing" >/dev/null || missing+=("${need##*:}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || { echo "please install: ${missing[*]}" >&2; exit 1; }
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

# A server that is installed would start at once, unless a policy says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '"${as_root[@]}" rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin $policy
fi
apt update
apt install -y --no-install-recommends --no-upgrade "${missing[@]}"
