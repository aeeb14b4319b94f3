# A leader and a replica under Patroni with etcd: the replica falls behind, each server recovers from a
# crash, etcd is lost, and the replica is promoted by hand while nobody is in charge.
client=$(port) peer=$(port) a=$(port) b=$(port) ra=$(port) rb=$(port)
start etcd etcd --data-dir "$WORK/etcd" --listen-client-urls "http://127.0.0.1:$client" \
  --advertise-client-urls "http://127.0.0.1:$client" --listen-peer-urls "http://127.0.0.1:$peer" \
  --initial-advertise-peer-urls "http://127.0.0.1:$peer" --initial-cluster "default=http://127.0.0.1:$peer"
etcd=$pid
# PostgreSQL leaves Patroni's tree: its process is the first line of its file.
trap 'stop_all
  for f in "$WORK"/[ab]/postmaster.pid; do kill -QUIT "$(head -n 1 "$f")" 2>/dev/null || true; done' EXIT
patroni() {
  cat >"$1.yml" <<END
scope: rows
name: $1
restapi: {listen: '127.0.0.1:$3', connect_address: '127.0.0.1:$3'}
etcd3: {host: '127.0.0.1:$client'}
bootstrap:
  dcs: {ttl: 30, loop_wait: 10, retry_timeout: 10}
  initdb: [{encoding: UTF8}, {auth: trust}, {locale: C}]
postgresql:
  listen: '127.0.0.1:$2'
  connect_address: '127.0.0.1:$2'
  data_dir: $WORK/$1
  bin_dir: $DIR/root/usr/lib/postgresql/15/bin
  authentication: {superuser: {username: postgres}, replication: {username: postgres}, rewind: {username: postgres}}
  # Much to replay after a crash, and little of it in memory.
  parameters: {unix_socket_directories: '', shared_buffers: 16MB, max_wal_size: 8GB, checkpoint_timeout: 1h}
  pgpass: $WORK/$1.pgpass
  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
END
  start "patroni-$1" env PYTHONPATH="$DIR/python:$DIR/root/usr/lib/python3/dist-packages" \
    /usr/bin/python3 -m patroni "$1.yml"
}
patroni a "$a" "$ra"
ok() { curl --noproxy '*' -sf -m 5 "http://127.0.0.1:$1"; }
until_so "a leader" ok "$ra/primary"
patroni b "$b" "$rb"
until_so "a replica that streams" sh -c "curl --noproxy '*' -s -m 5 http://127.0.0.1:$rb/patroni | grep -q streaming"
at_a() { echo "$(status "http://127.0.0.1:$ra$1") for $1"; }
at_b() { echo "$(status "http://127.0.0.1:$rb$1") for $1"; }
tell "leader" pass "$(at_a /primary)" "$ra" "$rb"
tell "replica" pass "$(at_b '/replica?lag=1MB')" "$rb" "$ra"

# sql PORT QUERY: what a server answers.
sql() { psql -X -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$1" -U postgres -c "$2"; }
# rows FIRST LAST: writes so many kB at the leader.
rows() { sql "$a" "INSERT INTO rows SELECT n, repeat(md5(n::text), 30) FROM generate_series($1, $2) n" >/dev/null; }
sql "$a" "CREATE TABLE rows (n int, text text)" >/dev/null
sql "$b" "SELECT pg_wal_replay_pause()" >/dev/null
rows 1 20000
until_so "Patroni says that it is behind" sh -c "! curl --noproxy '*' -sf -m 5 'http://127.0.0.1:$rb/replica?lag=1MB'"
tell "replica, 20 MB behind: not seen" pass "$(at_b '/replica?lag=1MB'), $(at_b /replica)" "$rb" "$ra"
sql "$b" "SELECT pg_wal_replay_resume()" >/dev/null

# crash FOLDER: kills the whole server, which Patroni starts again, and stops it in its recovery.
crash() {
  kill -KILL $(below "$(head -n 1 "$WORK/$1/postmaster.pid")")
  until_so "it recovers" recovering "$1"
  kill -STOP "$(recovering "$1")"
}
recovering() { pgrep -P "$(head -n 1 "$WORK/$1/postmaster.pid")" -f startup; }
said() { psql -X -h 127.0.0.1 -p "$1" -U postgres -c "SELECT 1" 2>&1 | grep -o "the database system.*" || echo "it answers"; }
# caught_up: the replica has all.
caught_up() {
  local replayed
  replayed=$(sql "$b" "SELECT pg_last_wal_replay_lsn()") && [ "$(sql "$a" "SELECT pg_current_wal_lsn() <= '$replayed'")" = t ]
}
until_so "the replica has all" caught_up
rows 20001 300000
until_so "the replica has all" caught_up
crash b
sleep 12
tell "replica in the recovery from a crash ($(said "$b"))" \
  response_json_mismatch "$(at_b '/replica?lag=1MB'), $(at_b /liveness)" "$rb" "$ra"
kill -CONT "$(recovering b)"
until_so "the replica has all" caught_up
crash a
sleep 12
tell "leader in the recovery from a crash ($(said "$a"))" \
  response_json_mismatch "$(at_a /primary)" "$ra" "$rb"
kill -CONT "$(recovering a)"
until_so "the leader is back" rows 300001 300002
# Its document says `starting` until Patroni next looks.
until_so "its document says so" sh -c "curl --noproxy '*' -s -m 5 http://127.0.0.1:$ra/patroni | grep -q '\"state\": \"running\"'"
until_so "the replica has all" caught_up
tell "leader, back" pass "$(at_a /primary)" "$ra" "$rb"

# With `pause` Patroni changes nothing, so that what is done by hand stays.
curl --noproxy '*' -sf -m 5 -X PATCH -d '{"pause": true}' "http://127.0.0.1:$ra/config" >/dev/null
until_so "the pause is known" sh -c "curl --noproxy '*' -s -m 5 http://127.0.0.1:$rb/patroni | grep -q '\"pause\": true' &&
  curl --noproxy '*' -s -m 5 http://127.0.0.1:$ra/patroni | grep -q '\"pause\": true'"
kill -STOP "$etcd"
as pg_ctl -D "$WORK/b" promote >/dev/null
until_so "it is promoted" sh -c "psql -X -A -t -h 127.0.0.1 -p $b -U postgres -c 'SELECT pg_is_in_recovery()' | grep -q f"
until_so "its document says so" sh -c "curl --noproxy '*' -s -m 5 http://127.0.0.1:$rb/patroni | grep -q '\"timeline\": 2'"
tell "old leader, while another was promoted by hand" \
  response_json_behind "$(at_a /primary)" "$ra" "$rb"
sleep 45
tell "etcd lost for 45 s" response_json_too_old "$(at_b /primary)" "$rb"
