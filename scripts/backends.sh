#!/usr/bin/env bash
# Throw-away database servers for the tests. They listen on unix sockets alone, keep everything below one directory
# and know nothing of the servers that the machine itself runs.
#
# Usage: scripts/backends.sh install      install the servers that are missing
#        scripts/backends.sh up [DIR]     start MariaDB and PostgreSQL with their data in DIR, which is made (below
#                                         the directory for temporary files when none is named), and print DIR and
#                                         the URLs of the servers as KEY=VALUE
#        scripts/backends.sh down DIR     stop them and remove DIR
#        scripts/backends.sh stop DIR ENGINE     stop one of them, mysql or postgres, with its data left in DIR
#        scripts/backends.sh start DIR ENGINE    start it again
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
mark=.postern-backends # in a directory that `up` has made, and that `down` may remove

usage() {
  sed -n 's/^# \{0,1\}//; 5,11p' "$0" >&2
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

up() {
  local dir=${1:-}
  command -v mariadbd >/dev/null || fail "there is no MariaDB; $here/backends.sh install installs it"
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null ||
    fail "there is no PostgreSQL; $here/backends.sh install installs it"
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
  for user in mysql postgres; do
    (as "$user" test -x "$dir") || fail "the user $user cannot reach $dir; name a directory elsewhere, or set TMPDIR"
  done
  local mariadb postgres
  up_mariadb "$dir" &
  mariadb=$!
  up_postgres "$dir" &
  postgres=$!
  wait "$mariadb" || { wait "$postgres" || true; exit 1; }
  wait "$postgres"
  trap - EXIT
  echo "DIR=$dir"
  echo "TEST_MYSQL_URL=mysql://root@/?socket=$dir/mysql/s"
  echo "TEST_POSTGRES_URL=postgres://postgres@/postgres?host=$dir/postgres"
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

down() {
  local dir=$1
  [ -e "$dir" ] || return 0
  dir=$(made "$dir")
  stop_mysql "$dir" &
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
  for pid in $(ps -C mariadbd,postgres,initdb -o pid=); do
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
    case "$3" in mysql | postgres) ;; *) usage ;; esac
    dir=$(made "$2")
    "$1_$3" "$dir"
    ;;
  *) usage ;;
esac
