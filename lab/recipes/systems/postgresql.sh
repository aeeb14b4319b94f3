# A primary and a standby: the primary freezes; then the standby is promoted and the old one goes on.
a=$(port) b=$(port) c=$(port) d=$(port)
as initdb -D "$WORK/a" -U postgres -A trust -E UTF8 --no-locale --no-sync >/dev/null
usual=(-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c wal_keep_size=64)
start postgres-a postgres -D "$WORK/a" -p "$a" "${usual[@]}"
primary=$pid
sql() { psql -X -q -A -t -h 127.0.0.1 -p "$1" -U postgres -c "$2"; }
until_so "the primary answers" sql "$a" "SELECT 1"
as pg_basebackup -D "$WORK/b" -h 127.0.0.1 -p "$a" -U postgres -R -X stream
start postgres-b postgres -D "$WORK/b" -p "$b" "${usual[@]}"
until_so "the standby follows" sh -c "psql -X -A -t -h 127.0.0.1 -p $b -U postgres \
  -c \"SELECT status FROM pg_stat_wal_receiver\" | grep -q streaming"
health postgresql "$c" "psql -h 127.0.0.1 -p $a -U postgres"
health postgresql "$d" "psql -h 127.0.0.1 -p $b -U postgres"
ready() { echo "pg_isready:$(pg_isready -h 127.0.0.1 -p "$1" | sed 's/.* -//')"; }
tell "primary" pass "$(ready "$a")" "$c" "$d"
tell "standby" pass "$(ready "$b")" "$d" "$c"
frozen=$(below "$primary")
kill -STOP $frozen
sleep 63
tell "standby, its primary frozen for 63 s" "response_json_above_max response_json_null" \
  "$(ready "$b")" "$d"
kill -CONT $frozen
sql "$b" "SELECT pg_promote()" >/dev/null
until_so "it is promoted" sh -c "psql -X -A -t -h 127.0.0.1 -p $b -U postgres -c 'SELECT pg_is_in_recovery()' | grep -q f"
tell "old primary, which goes on" response_json_behind "$(ready "$a")" "$c" "$d"
tell "new primary" pass "$(ready "$b")" "$d" "$c"
