# A cluster of three that loses its quorum.
clients=() pids=()
ports=() ; for _ in 1 2 3 4 5 6; do ports+=("$(port)"); done
cluster="n0=http://127.0.0.1:${ports[3]},n1=http://127.0.0.1:${ports[4]},n2=http://127.0.0.1:${ports[5]}"
for n in 0 1 2; do
  client=http://127.0.0.1:${ports[$n]} peer=http://127.0.0.1:${ports[$((n + 3))]}
  start "etcd-$n" etcd --name "n$n" --data-dir "$WORK/n$n" --listen-client-urls "$client" \
    --advertise-client-urls "$client" --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
    --initial-cluster "$cluster"
  pids+=("$pid")
done
until_so "a leader" curl --noproxy '*' -sf -m 5 "http://127.0.0.1:${ports[0]}/health"
tell "three of three" pass "$(status "http://127.0.0.1:${ports[0]}/version") for /version" "${ports[0]}" "${ports[1]}"
kill -STOP "${pids[1]}" "${pids[2]}"
sleep 3
tell "one of three" "response_code_mismatch http_timeout" \
  "$(status "http://127.0.0.1:${ports[0]}/version") for /version" "${ports[0]}"
kill -CONT "${pids[1]}" "${pids[2]}"
until_so "a quorum again" curl --noproxy '*' -sf -m 5 "http://127.0.0.1:${ports[0]}/health"
tell "three again" pass "$(status "http://127.0.0.1:${ports[0]}/version") for /version" "${ports[0]}" "${ports[1]}"
