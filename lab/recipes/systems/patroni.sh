# A leader and a replica under Patroni with etcd: the replica's server stops, etcd is lost, and the
# replica is promoted by hand while nobody is in charge.
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
  parameters: {unix_socket_directories: ''}
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
