#!/usr/bin/env bash
# Plays through the account groups of a running server, first as an old script would (legacy surface, forms), then on
# the strict surface (JSON). Prints every reply and stops at the first one that is not as expected.
# It makes and deletes the domains demo-legacy.test and demo-strict.test and admins under demo-elsewhere.test.
#
# Usage: scripts/demo.sh BASE_URL ADMIN PASSWORD
set -euo pipefail

if [ $# -ne 3 ]; then
  echo "usage: $0 BASE_URL ADMIN PASSWORD" >&2
  exit 2
fi
base=${1%/} admin=$2 password=$3
user_password='Winter-1958-rain' new_password='Summer-1959-sun'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status='' reply=''

# The legacy surface shows what is stored as columns or, from a directory, as attributes, which are lists.
shapes='def text(column; attribute): if has("objectClass") then .[attribute][0] else .[column] end;
  def megabytes: if has("objectClass") then ((.mailQuota[0] // "0") | tonumber) / 1048576 else .quota end; '

# call METHOD PATH [CURL ARGUMENTS]: sends a request with the session of the surface in play.
call() {
  local method=$1 path=$2
  shift 2
  printf '\n> %s %s\n' "$method" "$path"
  status=$(curl --silent --show-error --max-time 20 --path-as-is --globoff --request "$method" --output "$work/reply" \
    --write-out '%{http_code}' --cookie "$work/$surface" --cookie-jar "$work/$surface" "$@" "$base$path")
  reply=$(cat "$work/reply")
  printf '  %s %s\n' "$status" "$reply"
}

# want STATUS FILTER [JQ ARGUMENTS]: the last reply has that status, and the jq filter holds for it.
want() {
  local code=$1 filter=$2
  shift 2
  if [ "$status" != "$code" ]; then
    echo "SURPRISE: status $status instead of $code" >&2
    exit 1
  fi
  if ! printf '%s' "$reply" | jq --exit-status "$@" "$shapes$filter" >/dev/null; then
    echo "SURPRISE: the reply does not satisfy $filter" >&2
    exit 1
  fi
}

# form METHOD PATH [NAME=VALUE ...]: a urlencoded request on the legacy surface.
form() {
  local method=$1 path=$2 arguments=() pair
  shift 2
  for pair in "$@"; do arguments+=(--data-urlencode "$pair"); done
  call "$method" "/iredadmin/api$path" "${arguments[@]}"
}

# json METHOD PATH [DOCUMENT]: a JSON request on the strict surface.
json() {
  local method=$1 path=$2
  if [ $# -eq 2 ]; then
    call "$method" "/api$path"
  else
    call "$method" "/api$path" --header 'Content-Type: application/json' --data "$3"
  fi
}

# same METHOD PATH: sends back what the last reply showed; it is taken, and is the same afterwards.
same() {
  local shown
  shown=$(jq --compact-output ._data <<<"$reply")
  json "$1" "$2" "$shown"
  want 200 '._data == $shown' --argjson shown "$shown"
}

# fails CODE: the filter for a refusal with that code.
fails() { printf '._success == false and ._msg == "%s"' "$1"; }

ok='._success == true'

legacy() {
  local d=demo-legacy.test a=demo-legacy@demo-elsewhere.test
  surface=legacy
  printf '\n=== Legacy surface: forms, old names, status 200\n'

  form POST //login username="$admin" password="$password"
  want 200 "$ok"
  form GET /whoami
  want 200 '._data.username == $u and ._data.is_global_admin' --arg u "$admin"

  form DELETE "/domain/$d"
  want 200 "$ok"
  form DELETE "/admin/$a"
  want 200 "$ok"

  form POST "/domain/$d" cn='Demo Inc.' preferredLanguage=en_US quota=2048 defaultQuota=100
  want 200 "$ok"
  form POST "/domain/$d" cn='Once more'
  want 200 "$(fails ALREADY_EXISTS)"
  form GET "/domain/$d/"
  want 200 '._data | text("domain"; "domainName") == "demo-legacy.test" and text("description"; "cn") == "Demo Inc." and .quota == 2048'
  form GET '/domains?name_only=yes'
  want 200 '._data | index("demo-legacy.test")'

  form POST "/user/anna@$d" cn='Anna Berg' password="$user_password" mailQuota=200 preferredLanguage=de_DE
  want 200 "$ok"
  form POST "/user/ben@$d?cn=Ben+Lund&quota=300" password="$user_password"
  want 200 "$ok"
  form POST "/user/weak@$d" password=short
  want 200 '._success == false and (._msg | contains("PW_SHORTER_THAN_MIN_LENGTH"))'
  form GET "/user/anna@$d"
  want 200 '._data | text("name"; "cn") == "Anna Berg" and megabytes == 200 and text("language"; "preferredLanguage") == "de_DE" and (has("password") or has("userPassword") | not)'
  form GET "/user/ben@$d"
  want 200 '._data | text("name"; "cn") == "Ben Lund" and megabytes == 300'
  form GET "/user/nobody@$d"
  want 200 "$(fails NO_SUCH_ACCOUNT)"
  form GET "/users/$d?email_only=yes"
  want 200 '._data == ["anna@demo-legacy.test", "ben@demo-legacy.test"]'
  form PUT "/user/anna@$d?employeeid=E-17" cn='Anna Berg-Lund' mailQuota=250
  want 200 "$ok"
  form GET "/user/anna@$d"
  want 200 '._data | text("name"; "cn") == "Anna Berg-Lund" and megabytes == 250 and text("employeeid"; "employeeNumber") == "E-17"'

  form PUT "/user/anna@$d" addAlias="a.berg@$d"
  want 200 "$ok"
  form GET "/user/anna@$d"
  want 200 '._data.aliases == ["a.berg@demo-legacy.test"]'
  form PUT "/user/anna@$d" forwarding="anna@$d,friend@demo-outside.test,ghost@$d"
  want 200 "$ok"' and (._discarded == ["ghost@demo-legacy.test"])'
  form GET "/user/anna@$d"
  want 200 '._data.forwardings == ["anna@demo-legacy.test", "friend@demo-outside.test"]'
  form PUT "/domain/$d" catchall="anna@$d"
  want 200 "$ok"
  form GET "/domain/$d"
  want 200 '._data.catchall == ["anna@demo-legacy.test"]'
  form PUT "/domain/$d" catchall=
  want 200 "$ok"
  form GET "/domain/$d"
  want 200 '._data.catchall == []'

  form POST "/alias/sales@$d" cn=Sales accessPolicy=public members="anna@$d"
  want 200 "$ok"
  form PUT "/alias/sales@$d" addMember="ben@$d"
  want 200 "$ok"
  form POST "/alias/sales@$d/change_email/orders@$d"
  want 200 "$ok"
  form GET "/alias/orders@$d"
  want 200 '._data | text("name"; "cn") == "Sales" and .members == ["anna@demo-legacy.test", "ben@demo-legacy.test"]'
  form GET "/aliases/$d?email_only=yes"
  want 200 '._data == ["orders@demo-legacy.test"]'

  form POST "/user/ben@$d/change_email/benjamin@$d"
  want 200 "$ok"
  form GET "/alias/orders@$d"
  want 200 '._data.members == ["anna@demo-legacy.test", "benjamin@demo-legacy.test"]'
  form DELETE "/alias/orders@$d"
  want 200 "$ok"

  form POST "/admin/$a" name='Olaf Lind' password="$user_password" preferredLanguage=en_US maxUsers=10
  want 200 "$ok"
  form PUT "/admin/$a" name='Olaf L.' password="$new_password"
  want 200 "$ok"
  form POST "/verify_password/admin/$a" password="$new_password"
  want 200 "$ok"
  form POST "/verify_password/admin/$a" password="$user_password"
  want 200 "$(fails INVALID_CREDENTIALS)"
  form PUT "/domain/admins/$d" addAdmin="$a"
  want 200 "$ok"
  form GET "/admin/$a"
  want 200 '._data | text("name"; "cn") == "Olaf L." and .managed_domains == ["demo-legacy.test"] and .settings.create_max_users == 10'
  form PUT "/domain/admins/$d" removeAllAdmins=
  want 200 "$ok"
  form DELETE "/admin/$a"
  want 200 "$ok"

  form DELETE "/user/benjamin@$d/keep_mailbox_days/30"
  want 200 "$ok"
  form DELETE "/domain/$d"
  want 200 "$ok"
  form GET "/nothing/here"
  want 404 '._success == false'
  form POST /logout
  want 200 "$ok"
  form GET /domains
  want 200 "$(fails LOGIN_REQUIRED)"
}

strict() {
  local d=demo-strict.test a=demo-strict@demo-elsewhere.test
  surface=strict
  printf '\n=== Strict surface: JSON, real statuses\n'

  json POST /login "$(jq --null-input --compact-output --arg u "$admin" --arg p "$password" '{username: $u, password: $p}')"
  want 200 "$ok"
  json GET /whoami
  want 200 '._data.username == $u and ._data.is_global_admin' --arg u "$admin"

  json DELETE "/domain/$d"
  [ "$status" = 404 ] || want 200 "$ok"
  json DELETE "/admin/$a"
  [ "$status" = 404 ] || want 200 "$ok"

  json POST "/domain/$d" '{"name": "Demo Ltd", "quota": 4096, "defaultQuota": 512, "language": "en_US"}'
  want 201 '._data | .domain == $d and .name == "Demo Ltd" and .ownership == "exempt"' --arg d "$d"
  json POST "/domain/$d" '{}'
  want 409 "$(fails ALREADY_EXISTS)"
  json GET "/domain/$d/ownership"
  want 200 '._data == {"domain": $d, "status": "exempt", "record": "", "last_check": null}' --arg d "$d"
  json PUT "/domain/$d" '{"nmae": "Demo"}'
  want 400 "$(fails UNKNOWN_PARAMETER)"' and ._field == "nmae"'
  json GET "/domain/$d"
  want 200 '._data | .name == "Demo Ltd" and .quota == 4096 and .accountStatus == "active" and .usage.users == 0'
  same PUT "/domain/$d"

  json POST "/user/carla@$d" "{\"name\": \"Carla Holm\", \"password\": \"$user_password\", \"quota\": 1024}"
  want 201 '._data | .name == "Carla Holm" and .quota == 1024 and .keeps_copy'
  json POST "/user/david@$d" "{\"name\": \"David Moe\", \"password\": \"$user_password\", \"forwarding\": [\"david@$d\", \"carla@$d\"]}"
  want 201 '._data.forwarding == ["carla@demo-strict.test", "david@demo-strict.test"]'
  json POST "/user/erik@$d" "{\"name\": \"Erik Vik\", \"password\": \"$user_password\", \"forwarding\": [\"ghost@$d\"]}"
  want 422 "$(fails NO_SUCH_ACCOUNT)"' and ._field == "forwarding"'
  json POST "/user/weak@$d" '{"password": "short"}'
  want 422 "$(fails WEAK_PASSWORD)"' and (._causes | index("PW_SHORTER_THAN_MIN_LENGTH"))'
  json GET "/user/nobody@$d"
  want 404 "$(fails NO_SUCH_ACCOUNT)"
  json GET "/user/david@$d"
  want 200 '._data | .name == "David Moe" and .quota == 512'
  json GET "/users/$d?email_only=yes"
  want 200 '._data == ["carla@demo-strict.test", "david@demo-strict.test"] and ._next == null'
  json GET "/users/$d?email_only=yes&limit=1&sort=-mail&count=yes"
  want 200 '._data == ["david@demo-strict.test"] and ._total == 2 and ._next != null'
  json GET "/users/$d?email_only=yes&sort=-mail&cursor=$(jq --raw-output ._next <<<"$reply")"
  want 200 '._data == ["carla@demo-strict.test"] and ._next == null'
  json GET "/users/$d?email_only=yes&q=car"
  want 200 '._data == ["carla@demo-strict.test"]'
  json GET "/users/$d?sort=-mail&cursor=none"
  want 400 "$(fails INVALID_VALUE)"
  json PUT "/user/carla@$d" '{"gn": "Carla", "sn": "Holm", "quota": 2048, "telephoneNumber": ["+47 22 00 00 00"]}'
  want 200 "$ok"
  json GET "/user/carla@$d"
  want 200 '._data | .gn == "Carla" and .sn == "Holm" and .quota == 2048 and .telephoneNumber == ["+47 22 00 00 00"]'
  same PATCH "/user/carla@$d"
  json PUT "/user/carla@$d" '{"active": 0}'
  want 400 "$(fails UNKNOWN_PARAMETER)"' and ._field == "active" and (._detail | contains("accountStatus"))'
  json PUT "/users/$d" '{"language": "sv_SE"}'
  want 200 "$ok"
  json GET "/users/$d"
  want 200 '[._data[].language] == ["sv_SE", "sv_SE"]'

  json PUT "/user/carla@$d" "{\"addAlias\": [\"c.holm@$d\"]}"
  want 200 "$ok"
  json PUT "/user/carla@$d" "{\"forwarding\": [\"ghost@$d\"]}"
  want 422 "$(fails NO_SUCH_ACCOUNT)"' and ._field == "forwarding"'
  json PUT "/user/carla@$d" "{\"forwarding\": [\"carla@$d\", \"friend@demo-outside.test\"]}"
  want 200 "$ok"
  json GET "/user/carla@$d"
  want 200 '._data | .aliases == ["c.holm@demo-strict.test"]
    and .forwarding == ["carla@demo-strict.test", "friend@demo-outside.test"]'
  json PUT "/domain/$d" "{\"catchall\": [\"carla@$d\"]}"
  want 200 "$ok"
  json GET "/domain/$d"
  want 200 '._data.catchall == ["carla@demo-strict.test"]'
  json PUT "/domain/$d" '{"catchall": []}'
  want 200 "$ok"

  json POST "/alias/team@$d" "{\"name\": \"Team\", \"members\": [\"carla@$d\"]}"
  want 201 "$ok"
  json PUT "/alias/team@$d" "{\"addMember\": [\"david@$d\"], \"accessPolicy\": \"domain\"}"
  want 200 "$ok"
  json POST "/alias/team@$d/change_email/crew@$d"
  want 200 "$ok"
  json GET "/alias/crew@$d"
  want 200 '._data | .members == ["carla@demo-strict.test", "david@demo-strict.test"] and .accessPolicy == "domain"'
  same PUT "/alias/crew@$d"
  json POST "/user/david@$d/change_email/dave@$d"
  want 200 "$ok"
  json GET "/aliases/$d"
  want 200 '._data[0].members == ["carla@demo-strict.test", "dave@demo-strict.test"]'
  json DELETE "/alias/crew@$d"
  want 200 "$ok"
  json DELETE "/alias/crew@$d"
  want 404 "$(fails NO_SUCH_ACCOUNT)"

  json GET "/ldif/domain/$d"
  [ "$status" = 501 ] || directory "$d"

  json POST "/ml/dev@$d" "{\"name\": \"Developers\", \"owner\": [\"carla@$d\"], \"subject_prefix\": \"[dev] \"}"
  [ "$status" = 503 ] || lists "$d"

  json PUT "/spampolicy/domain/$d" '{"spam_score": 5.5, "quarantine_spam": "yes"}'
  want 200 '._data | .spam_score == 5.5 and .quarantine_spam == "yes"'
  json GET "/spampolicy/domain/$d"
  same PATCH "/spampolicy/domain/$d"
  json GET "/spampolicy/user/carla@$d"
  want 200 '._data.spam_score == null and ._effective.spam_score == {"value": 5.5, "source": "@demo-strict.test"}'
  json POST "/wblist/inbound/blacklist/$d" '{"addresses": ["@.example.net", "192.0.2.5/24"]}'
  want 200 '._success and ._discarded == ["192.0.2.5/24"]'
  json GET "/wblist/inbound/blacklist/$d"
  want 200 '._data | .account == $d and .addresses == ["@.example.net"]' --arg d "$d"
  json POST "/throttle/carla@$d/outbound" '{"period": 3600, "max_msgs": 100}'
  want 200 "$ok"
  json POST "/throttle/carla@$d/outbound" '{"max_msgs": 100}'
  want 400 "$(fails MISSING_PARAMETER period)"
  json POST "/greylisting/$d" '{"status": "disable"}'
  want 200 "$ok"
  json GET "/greylisting/carla@$d"
  want 200 '._data.status == null and ._effective.status.source == "@demo-strict.test"'
  json GET "/greylisting/nobody@$d"
  want 404 "$(fails NO_SUCH_ACCOUNT account)"

  json POST "/admin/$a" "{\"name\": \"Eva Dahl\", \"password\": \"$user_password\", \"maxDomains\": 2}"
  want 201 "$ok"
  json PUT "/admin/$a" "{\"password\": \"$new_password\", \"maxUsers\": 20}"
  want 200 "$ok"
  json POST "/verify_password/admin/$a" "{\"password\": \"$new_password\"}"
  want 200 "$ok"
  json POST "/verify_password/admin/$a" "{\"password\": \"$user_password\"}"
  want 422 "$(fails INVALID_CREDENTIALS)"
  json PUT "/domain/admins/$d" "{\"addAdmin\": [\"$a\"]}"
  want 200 "$ok"
  json GET "/domain/$d"
  want 200 '._data.admins == ["demo-strict@demo-elsewhere.test"]'
  json PUT "/domain/admins/$d" '{"removeAllAdmins": "yes"}'
  want 200 "$ok"
  json DELETE "/admin/$a"
  want 200 "$ok"

  json DELETE "/user/dave@$d/keep_mailbox_days/30"
  want 200 "$ok"
  json DELETE "/domain/$d"
  want 200 "$ok"
  json GET "/domain/$d"
  want 404 "$(fails NO_SUCH_DOMAIN)"
  json POST /logout
  want 200 "$ok"
  json GET /domains
  want 401 "$(fails LOGIN_REQUIRED)"
}

# lists DOMAIN: a mailing list that people subscribe to, where mlmmj is installed.
lists() {
  local d=$1
  want 201 "$ok"
  json PUT "/ml/dev@$d" "{\"add_subscribers\": [\"carla@$d\", \"friend@demo-outside.test\"], \"require_confirm\": \"no\"}"
  want 200 "$ok"
  json PUT "/ml/dev@$d" "{\"add_subscribers\": [\"dev@$d\"]}"
  want 400 "$(fails INVALID_MAIL)"' and ._field == "add_subscribers"'
  json PUT "/ml/dev@$d" '{"subject_prefix": "[dev]\r\nBcc: everybody@demo-outside.test"}'
  want 400 "$(fails INVALID_VALUE subject_prefix)"
  json GET "/ml/dev@$d?with_subscribers=yes"
  want 200 '._data | .only_subscriber_can_post == "yes" and .accessPolicy == "membersonly" and .subject_prefix == "[dev] "
    and .owner == ["carla@demo-strict.test"]
    and [.subscriptions[].mail] == ["carla@demo-strict.test", "friend@demo-outside.test"]'
  json PUT "/ml/dev@$d" '{"remove_subscribers": ["ALL"], "accessPolicy": "domain"}'
  want 200 "$ok"
  json GET "/mls/$d"
  want 200 '._data | length == 1 and .[0].name == "Developers" and .[0].accessPolicy == "domain"'
  json GET "/ml/dev@$d"
  same PUT "/ml/dev@$d"
  json DELETE "/ml/dev@$d?keep_archive=no"
  want 200 "$ok"
  json GET "/mls/$d?email_only=yes"
  want 200 '._data == []'
}

# directory DOMAIN: what there is where accounts are kept in a directory alone.
directory() {
  local d=$1
  want 200 '._data | contains("objectClass: mailDomain")'
  json POST "/maillist/news@$d" "{\"name\": \"News\", \"members\": [\"carla@$d\", \"friend@demo-outside.test\"]}"
  want 201 "$ok"
  json POST "/maillist/all@$d" "{\"members\": [\"news@$d\"]}"
  want 201 "$ok"
  json PUT "/maillist/news@$d" "{\"addMember\": [\"all@$d\"]}"
  want 400 "$(fails INVALID_MAIL)"' and ._field == "addMember"'
  json PUT "/maillist/news@$d" "{\"addMember\": [\"dave@$d\"], \"accessPolicy\": \"membersonly\"}"
  want 200 "$ok"
  json GET "/maillist/news@$d"
  want 200 '._data | .members == ["carla@demo-strict.test", "dave@demo-strict.test", "friend@demo-outside.test"]
    and .accessPolicy == "membersonly"'
  same PUT "/maillist/news@$d"
  json GET "/user/carla@$d"
  want 200 '._data.mailing_lists == ["news@demo-strict.test"]'
  json GET "/ldif/maillist/news@$d"
  want 200 '._data | contains("mail: friend@demo-outside.test")'
  json GET "/ldif/user/carla@$d"
  want 200 '._data | contains("cn: Carla Holm") and (contains("userPassword") | not)'
  json DELETE "/maillist/all@$d"
  want 200 "$ok"
  json DELETE "/maillist/all@$d"
  want 404 "$(fails NO_SUCH_ACCOUNT)"
}

legacy
strict
printf '\nEvery reply was as expected.\n'
