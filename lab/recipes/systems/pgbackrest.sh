# A backup; segments that are thrown away; a backup that is old; a restore that was long ago.
a=$(port) c=$(port)
as initdb -D "$WORK/a" -U postgres -A trust -E UTF8 --no-locale --no-sync >/dev/null
as mkdir repo log lock spool socket
cat >pgbackrest.conf <<END
[global]
repo1-path=$WORK/repo
log-path=$WORK/log
lock-path=$WORK/lock
spool-path=$WORK/spool
log-level-console=error
start-fast=y
archive-timeout=20
[main]
pg1-path=$WORK/a
pg1-port=$a
pg1-socket-path=$WORK/socket
pg1-user=postgres
END
tool="pgbackrest --config=$WORK/pgbackrest.conf"
start postgres postgres -D "$WORK/a" -p "$a" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$WORK/socket" \
  -c archive_mode=on -c "archive_command=$tool --stanza=main archive-push %p"
sql() { psql -X -q -A -t -h 127.0.0.1 -p "$a" -U postgres -c "$1"; }
until_so "the primary answers" sql "SELECT 1"
as $tool --stanza=main stanza-create
as $tool --stanza=main --type=full backup
export PROOF="$WORK/restored"
as touch restored
COMMAND_MS_MAX=9000 health pgbackrest "$c" "$tool"
usual() { as $tool --stanza=main check >/dev/null 2>&1 && echo "check: exit 0" || echo "check: exit $?"; }
tell "a backup of today" pass "$(usual)" "$c"
as touch -d '10 days ago' restored
tell "last restore ten days ago" response_json_too_old "$(usual)" "$c"
as touch restored
# As `archive-push-queue-max` throws segments away: it tells PostgreSQL that they are pushed.
for n in 1 2 3; do sql "SELECT pg_switch_wal()" >/dev/null; sql "CREATE TABLE t$n (n int)" >/dev/null; done
until_so "all is pushed" sh -c "[ \$(find $WORK/repo/archive -name '0*-*' | wc -l) -ge 5 ]"
as sh -c "rm \$(find $WORK/repo/archive -name '0*-*' | grep -v backup | sort | tail -2 | head -1)"
tell "a segment is missing" response_json_above_max "$(usual)" "$c"
