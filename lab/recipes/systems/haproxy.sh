# Two servers with an agent each: one says `down`, then what HAProxy does not know.
front=$(port) s1=$(port) s2=$(port) a1=$(port) a2=$(port)
cat >servers.mjs <<'END'
import { createServer } from "node:http";
import { createServer as agent } from "node:net";
import { readFileSync } from "node:fs";
const [s1, s2, a1, a2] = process.argv.slice(2).map(Number);
for (const port of [s1, s2]) createServer((_, response) => response.end("served")).listen(port, "127.0.0.1");
const says = [() => readFileSync("says", "utf8"), () => "up\n"];
[a1, a2].forEach((port, n) => agent((socket) => socket.on("error", () => {}).end(says[n]())).listen(port, "127.0.0.1"));
END
echo up >says
cat >haproxy.cfg <<END
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend www
  bind 127.0.0.1:$front
  monitor-uri /haproxy
  monitor fail if { nbsrv(app) lt 2 }
  default_backend app
backend app
  server s1 127.0.0.1:$s1 agent-check agent-port $a1 agent-inter 200
  server s2 127.0.0.1:$s2 agent-check agent-port $a2 agent-inter 200
END
start servers node servers.mjs "$s1" "$s2" "$a1" "$a2"
start haproxy haproxy -db -f haproxy.cfg
until_so "HAProxy answers" curl --noproxy '*' -sf -m 5 "http://127.0.0.1:$front/haproxy"
page() { echo "$(status "http://127.0.0.1:$front/") for /"; }
tell "both agents say up" pass "$(page)" "$front"
echo down >says
sleep 1
tell "one agent says down" response_code_mismatch "$(page)" "$front"
for word in '{"status": "fail"}' 'HTTP/1.0 503 Service Unavailable' 'down#why' failed; do
  echo up >says
  until_so "it is up again" curl --noproxy '*' -sf -m 5 "http://127.0.0.1:$front/haproxy"
  echo "$word" >says
  sleep 1
  tell "one agent says \`$word\`: not seen" pass "$(page)" "$front"
done
