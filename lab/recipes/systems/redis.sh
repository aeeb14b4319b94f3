# A primary with a replica that has missed writes, has lost its primary, and has restarted without it.
a=$(port) b=$(port) c=$(port) d=$(port)
for name in a b; do as mkdir "$name"; done
start redis-a redis-server --port "$a" --bind 127.0.0.1 --dir "$WORK/a" --save ""
primary=$pid
start redis-b redis-server --port "$b" --bind 127.0.0.1 --dir "$WORK/b" --replicaof "127.0.0.1 $a" --save "" \
  --repl-timeout 600
replica=$pid
until_so "the replica follows" sh -c "redis-cli -p $b INFO replication | grep -q master_link_status:up"
health redis "$c" "redis-cli -p $a"
health redis "$d" "redis-cli -p $b"
tell "primary" pass "PING: PONG" "$c" "$d"
tell "replica" pass "PING: PONG" "$d" "$c"

kill -STOP "$primary"
sleep 23
tell "primary frozen for 23 s" response_json_above_max \
  "master_$(redis-cli -p "$b" INFO replication | grep -o 'link_status:[a-z]*')" "$d" "$c"
kill -CONT "$primary"

until_so "the replica follows" sh -c "redis-cli -p $b INFO replication | grep -q 'seconds_ago:[0-5]'"
kill -STOP "$replica"
for _ in 1 2 3; do redis-cli -p "$a" SET big "$(head -c 90000 /dev/zero | tr '\0' x)" >/dev/null; done
for _ in $(seq 40); do redis-cli -p "$a" SET big "$(head -c 90000 /dev/zero | tr '\0' x)" >/dev/null; done
kill -KILL "$replica"
start redis-b redis-server --port "$b" --bind 127.0.0.1 --dir "$WORK/b" --save ""
until_so "it is back" redis-cli -p "$b" PING
tell "restarted without its primary" response_json_behind "PING: $(redis-cli -p "$b" PING)" "$d" "$c"
