#!/usr/bin/env bash
# Throw-away database servers for the tests, and a directory server. They listen on unix sockets, the directory on two
# free ports of 127.0.0.1 as well, keep everything below one directory and know nothing of the servers that the machine
# itself runs.
#
# Usage: scripts/backends.sh install      install the servers that are missing
#        scripts/backends.sh up [DIR]     start MariaDB, PostgreSQL and OpenLDAP with their data in DIR, which is made
#                                         (below the directory for temporary files when none is named), and print DIR
#                                         and how to reach the servers as KEY=VALUE
#        scripts/backends.sh down DIR     stop them and remove DIR
#        scripts/backends.sh stop DIR ENGINE     stop one of them, mysql, postgres or ldap, with its data left in DIR
#        scripts/backends.sh start DIR ENGINE    start it again
set -euo pipefail
export GOTOOLCHAIN=auto # a Go that is older than go.mod asks for fetches the right one
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
schema=$here/../store/ldapstore/schema
mark=.postern-backends # in a directory that `up` has made, and that `down` may remove

usage() {
  sed -n 's/^# \{0,1\}//; 6,12p' "$0" >&2
  exit 2
}

fail() {
  echo "$0: $*" >&2
  exit 1
}

# as USER COMMAND...: the servers refuse to run as root; anybody else runs them as themselves. The caller's directory for
# temporary files may not be theirs: TMPDIR has to be set.
as() {
  local user=$1
  shift
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid="$user" --regid="$user" --clear-groups -- "$@"
  else
    exec "$@"
  fi
}

# own USER DIRECTORY: makes a directory for the data of a server.
own() {
  mkdir -m 700 "$2"
  [ "$(id -u)" != 0 ] || chown "$1:$1" "$2"
}

# ready NAME PID LOG COMMAND...: waits until the command succeeds, as long as the process lives.
ready() {
  local name=$1 pid=$2 log=$3
  shift 3
  for _ in $(seq 600); do
    if "$@" >/dev/null 2>&1; then return; fi
    kill -0 "$pid" 2>/dev/null || { cat "$log" >&2; fail "$name ended while starting"; }
    sleep 0.05
  done
  cat "$log" >&2
  fail "$name did not become ready within 30 seconds"
}

# Durability is switched off: what a crash of the machine would lose is thrown away anyway. --no-defaults has to come
# first. While the data is made the log file is small, for it is written out then.
up_mariadb() {
  local dir=$1 home=$1/mysql
  own mysql "$home"
  (TMPDIR=$home as mysql mariadb-install-db --no-defaults --datadir="$home/data" --auth-root-authentication-method=normal \
    --skip-test-db --innodb-log-file-size=8M) >"$dir/mysql.log" 2>&1 ||
    { cat "$dir/mysql.log" >&2; fail "MariaDB could not make its data directory"; }
  chmod 755 "$home"
  start_mysql "$dir"
}

start_mysql() {
  local dir=$1 home=$1/mysql pid
  (TMPDIR=$home as mysql setsid mariadbd --no-defaults --datadir="$home/data" --tmpdir="$home" --socket="$dir/mysql/s" \
    --pid-file="$home/pid" --skip-networking --skip-name-resolve --skip-log-bin --max-connections=500 \
    --character-set-server=utf8mb4 --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 \
    --innodb-flush-method=nosync --innodb-fast-shutdown=2) </dev/null >>"$dir/mysql.log" 2>&1 &
  pid=$!
  echo "$pid" >"$dir/mysql.pid"
  ready MariaDB "$pid" "$dir/mysql.log" mariadb-admin --no-defaults --socket="$home/s" --user=root ping
}

up_postgres() {
  local dir=$1 home=$1/postgres bin
  bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1)
  own postgres "$home"
  cd / # where initdb may look
  (TMPDIR=$home as postgres "$bin/initdb" -D "$home/data" -U postgres -A trust -E UTF8 --no-locale \
    --no-sync) >"$dir/postgres.log" 2>&1 ||
    { cat "$dir/postgres.log" >&2; fail "PostgreSQL could not make its data directory"; }
  chmod 755 "$home"
  start_postgres "$dir"
}

start_postgres() {
  local dir=$1 home=$1/postgres bin pid
  bin=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1)
  cd / # the server has a user of its own
  (TMPDIR=$home as postgres setsid "$bin/postgres" -D "$home/data" -k "$home" -c listen_addresses= -c max_connections=400 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off) </dev/null >>"$dir/postgres.log" 2>&1 &
  pid=$!
  echo "$pid" >"$dir/postgres.pid"
  ready PostgreSQL "$pid" "$dir/postgres.log" "$bin/pg_isready" --quiet --username=postgres --host="$home"
}

# The directory: its suffix, and the two accounts that a mail server keeps for itself.
suffix=dc=example,dc=com
reader=cn=vmail,$suffix
reader_password=reads
writer=cn=vmailadmin,$suffix
writer_password=writes

# The program is a copy: where AppArmor confines the installed one, it may not come here.
up_ldap() {
  local dir=$1 home=$1/ldap
  own openldap "$home"
  own openldap "$home/data"
  cp "$(command -v slapd)" "$schema"/*.schema "$home"
  certify "$home"
  slapd_conf "$home" >"$home/slapd.conf"
  tree >"$home/tree.ldif"
  echo "$(free_port) $(free_port)" >"$home/ports"
  [ "$(id -u)" != 0 ] || chown -R openldap:openldap "$home"
  chmod 755 "$home"
  (TMPDIR=$home as openldap "$home/slapd" -T add -q -f "$home/slapd.conf" -l "$home/tree.ldif") >"$dir/ldap.log" 2>&1 ||
    { cat "$dir/ldap.log" >&2; fail "OpenLDAP could not make its data"; }
  start_ldap "$dir"
}

# A server makes room for as many connections as it may have files.
start_ldap() {
  local dir=$1 home=$1/ldap pid
  (ulimit -n 4096 && TMPDIR=$home as openldap setsid "$home/slapd" -d none -f "$home/slapd.conf" \
    -h "$(ldap_urls "$dir" | tr '\n' ' ')") </dev/null >>"$dir/ldap.log" 2>&1 &
  pid=$!
  echo "$pid" >"$dir/ldap.pid"
  ready OpenLDAP "$pid" "$dir/ldap.log" ldapwhoami -x -H "$(ldap_urls "$dir" | tail -n 1)" -D "$reader" -w "$reader_password"
}

# ldap_urls DIR: prints where the directory listens: in the clear, with TLS, and on its socket. The ports stay the same
# when it is started again.
ldap_urls() {
  local plain tls
  read -r plain tls <"$1/ldap/ports"
  printf '%s\n' "ldap://127.0.0.1:$plain" "ldaps://127.0.0.1:$tls" "ldapi://${1//\//%2F}%2Fldap%2Fs"
}

# free_port: prints a port that nobody listens on, below those that outgoing connections take.
free_port() {
  local port
  while port=$((10000 + RANDOM % 22000)); do
    (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# certify DIRECTORY: makes an authority of our own and the certificate of a server on this machine.
certify() {
  local new=(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30)
  (
    cd "$1"
    "${new[@]}" -subj '/CN=Throw-away authority' -keyout ca.key -out ca.pem
    "${new[@]}" -subj /CN=localhost -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem \
      -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE
  ) >"$1/certify.log" 2>&1 || { cat "$1/certify.log" >&2; fail "the certificates could not be made"; }
}

# slapd_conf DIRECTORY: prints what a mail server's installer would write, for data that need not last. Each suite has a
# tree of its own below the suffix, hence the patterns.
slapd_conf() {
  cat <<CONF
$(printf 'include /etc/ldap/schema/%s.schema\n' core corba cosine inetorgperson nis)
include $1/amavisd.schema
include $1/iredmail.schema

modulepath /usr/lib/ldap
moduleload back_mdb
moduleload pw-sha2

TLSCACertificateFile $1/ca.pem
TLSCertificateFile $1/server.pem
TLSCertificateKeyFile $1/server.key

disallow bind_anon
require LDAPv3
sizelimit unlimited

access to attrs=userPassword,mailForwardingAddress,employeeNumber
  by dn.exact="$writer" write
  by dn.exact="$reader" read
  by self write
  by anonymous auth
  by * none
access to dn.regex="^(.+,)?o=domainAdmins,(.+,)?$suffix\$"
  by dn.exact="$writer" write
  by dn.exact="$reader" read
  by self write
  by anonymous auth
  by * none
access to dn.regex="^cn=[^,]+,$suffix\$"
  by self write
  by anonymous auth
  by * none
access to *
  by dn.exact="$writer" write
  by dn.exact="$reader" read
  by self write
  by anonymous auth
  by users read

database mdb
suffix $suffix
rootdn cn=Manager,$suffix
directory $1/data
maxsize 1073741824
dbnosync
$(sed 's/^/index /' <<<'objectClass,entryCSN,entryUUID eq
uid,uidNumber,gidNumber,memberUid,loginShell,homeDirectory,mailMessageStore,shadowLastChange,member,uniqueMember eq,pres
ou,cn,mail,surname,givenname,telephoneNumber,displayName,mobile,departmentNumber,employeeNumber eq,pres,sub
domainName,domainAliasName,mtaTransport,accountStatus,enabledService,disabledService eq,pres,sub
domainAdmin,domainGlobalAdmin,domainBackupMX,domainSenderBccAddress,domainRecipientBccAddress eq,pres,sub
domainMaxUserNumber eq,pres
accessPolicy,hasMember,listAllowedUser,mailingListID eq,pres,sub
mailForwardingAddress,shadowAddress,backupMailAddress,memberOfGroup eq,pres,sub
userRecipientBccAddress,userSenderBccAddress eq,pres,sub')
CONF
}

# tree: prints the entries that are there before any account.
tree() {
  cat <<LDIF
dn: $suffix
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: $reader
objectClass: person
objectClass: shadowAccount
cn: vmail
sn: vmail
uid: vmail
userPassword: $reader_password

dn: $writer
objectClass: person
objectClass: shadowAccount
cn: vmailadmin
sn: vmailadmin
uid: vmailadmin
userPassword: $writer_password

dn: o=domains,$suffix
objectClass: organization
o: domains

dn: o=domainAdmins,$suffix
objectClass: organization
o: domainAdmins
LDIF
}

up() {
  local dir=${1:-}
  command -v mariadbd >/dev/null || fail "there is no MariaDB; $here/backends.sh install installs it"
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
    fail "there is no PostgreSQL; $here/backends.sh install installs it"
  for command in slapd ldapwhoami openssl; do
    command -v "$command" >/dev/null || fail "there is no $command; $here/backends.sh install installs it"
  done
  if [ -z "$dir" ]; then
    dir=$(mktemp -d)
  else
    mkdir "$dir"
    dir=$(cd "$dir" && pwd)
  fi
  : >"$dir/$mark"
  trap 'wait; down "$dir"' EXIT # unless everything is up; what is being made cannot be removed yet
  trap 'trap "" INT TERM; exit 1' INT TERM
  [ ${#dir} -le 80 ] || fail "$dir is too long for the path of a socket; name a shorter directory"
  chmod 755 "$dir" # the servers have users of their own
  for user in mysql postgres openldap; do
    (as "$user" test -x "$dir") || fail "the user $user cannot reach $dir; name a directory elsewhere, or set TMPDIR"
  done
  local starting=() failed=0
  for server in mariadb postgres ldap; do
    "up_$server" "$dir" &
    starting+=($!)
  done
  for pid in "${starting[@]}"; do wait "$pid" || failed=1; done
  [ $failed = 0 ] || exit 1
  trap - EXIT
  echo "DIR=$dir"
  echo "TEST_MYSQL_URL=mysql://root@/?socket=$dir/mysql/s"
  echo "TEST_POSTGRES_URL=postgres://postgres@/postgres?host=$dir/postgres"
  ldap_urls "$dir" | paste -d = <(printf '%s\n' TEST_LDAP_URL TEST_LDAPS_URL TEST_LDAPI_URL) -
  echo "TEST_LDAP_CA=$dir/ldap/ca.pem"
  echo "TEST_LDAP_SUFFIX=$suffix"
  echo "TEST_LDAP_BIND_DN=$writer"
  echo "TEST_LDAP_BIND_PASSWORD=$writer_password"
  echo "TEST_LDAP_READ_DN=$reader"
  echo "TEST_LDAP_READ_PASSWORD=$reader_password"
}

# lives PID DIRECTORY: whether the process is there and works in the directory. One that does not know it is none of
# ours: the number has been given away again.
lives() {
  [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF -- "$2/"
}

# stop PID_FILE SIGNAL DIRECTORY: ends a server and waits for its end.
stop() {
  local pid
  [ -e "$1" ] || return 0
  pid=$(cat "$1")
  for try in $(seq 200); do
    lives "$pid" "$3" || return 0
    [ "$try" != 1 ] || kill "-$2" "$pid" || return 0
    sleep 0.05
  done
  kill -KILL "$pid" 2>/dev/null || true
}

# made DIR: prints the directory in full, provided that it is one of ours.
made() {
  local dir
  dir=$(cd "$1" && pwd)
  [ -e "$dir/$mark" ] || fail "$dir was not made by $here/backends.sh up"
  echo "$dir"
}

stop_mysql() { stop "$1/mysql.pid" TERM "$1"; }

stop_postgres() { stop "$1/postgres.pid" INT "$1"; } # which ends the sessions

stop_ldap() { stop "$1/ldap.pid" TERM "$1"; }

down() {
  local dir=$1
  [ -e "$dir" ] || return 0
  dir=$(made "$dir")
  stop_mysql "$dir" &
  stop_ldap "$dir" &
  stop_postgres "$dir"
  wait
  for _ in $(seq 50); do
    evict "$dir"
    if rm -rf "$dir" 2>/dev/null; then return; fi
    sleep 0.1 # something was still being written
  done
  fail "$dir cannot be removed"
}

# evict DIR: ends what was left behind while it made the data of a server, and waits for its end.
evict() {
  local pid
  for pid in $(ps -C mariadbd,postgres,initdb,slapd -o pid=); do
    while lives "$pid" "$1"; do
      kill -KILL "$pid" 2>/dev/null || true
      sleep 0.05
    done
  done
}

case "${1:-}/$#" in
  install/1) exec "$here/install.sh" ;;
  up/1 | up/2) up "${2:-}" ;;
  down/2) down "$2" ;;
  start/3 | stop/3)
    case "$3" in mysql | postgres | ldap) ;; *) usage ;; esac
    dir=$(made "$2")
    "$1_$3" "$dir"
    ;;
  *) usage ;;
esac
