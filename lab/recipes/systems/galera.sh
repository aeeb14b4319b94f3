# Three nodes, of which one freezes and thaws, and is then cut off.
ports=() ; for _ in $(seq 15); do ports+=("$(port)"); done
share="$DIR/root/usr/share/mysql"
as mariadb-install-db --no-defaults --basedir="$DIR/root/usr" --datadir="$WORK/n0" --auth-root-authentication-method=normal \
  --skip-test-db >install.log 2>&1
as cp -a n0 n1
as cp -a n0 n2
members=127.0.0.1:${ports[0]},127.0.0.1:${ports[1]},127.0.0.1:${ports[2]}
pids=()
node() {
  local n=$1 cluster=$2
  start "galera-$n" mariadbd --no-defaults --basedir="$DIR/root/usr" --datadir="$WORK/n$n" --lc-messages-dir="$share" \
    --character-sets-dir="$share/charsets" --plugin-dir="$DIR/root/usr/lib/mysql/plugin" \
    --bind-address=127.0.0.1 --port="${ports[$((n + 3))]}" --socket="$WORK/s$n" --pid-file="$WORK/p$n" \
    --binlog-format=ROW --default-storage-engine=InnoDB --innodb-autoinc-lock-mode=2 --innodb-buffer-pool-size=32M \
    --innodb-flush-log-at-trx-commit=2 --wsrep-on=ON --wsrep-provider="$DIR/root/usr/lib/galera/libgalera_smm.so" \
    --wsrep-cluster-address="gcomm://$cluster" --wsrep-node-address=127.0.0.1 --wsrep-sst-method=rsync --wsrep-sst-receive-address="127.0.0.1:${ports[$((n + 12))]}" \
    --wsrep-provider-options="base_host=127.0.0.1;base_port=${ports[$n]};gmcast.listen_addr=tcp://127.0.0.1:${ports[$n]};ist.recv_addr=127.0.0.1:${ports[$((n + 6))]};gcache.size=16M"
  pids[n]=$pid
}
said() { mariadb --no-defaults -u root -S "$WORK/s$1" -N -B -e "$2"; }
state() { said "$1" "SHOW GLOBAL STATUS LIKE 'wsrep_local_state_comment'" | cut -f 2; }
is_synced() { [ "$(state "$1")" = Synced ]; }
node 0 ""
until_so "the first node" is_synced 0
node 1 "$members"
until_so "the second node" is_synced 1
node 2 "$members"
until_so "the third node" is_synced 2
for n in 0 2; do health galera "${ports[$((n + 9))]}" "mariadb --no-defaults -u root -S $WORK/s$n"; done
a=${ports[9]} c=${ports[11]}
tell "all three" pass "$(state 2)" "$c" "$a"
kill -STOP "${pids[2]}"
sleep 12
kill -CONT "${pids[2]}"
word=$(state 2)
tell "just thawed after 12 s" "response_code_mismatch response_json_mismatch" "$word" "$c" "$a"
until_so "it is back" curl --noproxy '*' -sf -m 5 "http://127.0.0.1:$c/"
tell "back" pass "$(state 2)" "$c" "$a"
kill -KILL "${pids[0]}" "${pids[1]}"
sleep 8
tell "alone, without a quorum" "response_code_mismatch response_json_mismatch" "$(state 2)" "$c"
