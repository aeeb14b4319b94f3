# A stream with a mirror in another domain: the mirror freezes, then its origin does, then the mirror
# restarts without it.
a=$(port) b=$(port) ma=$(port) mb=$(port) leaf=$(port)
cat >a.conf <<END
listen: "127.0.0.1:$a"
http: "127.0.0.1:$ma"
server_name: eu
jetstream { domain: eu, store_dir: "$WORK/a" }
leafnodes { listen: "127.0.0.1:$leaf" }
END
cat >b.conf <<END
listen: "127.0.0.1:$b"
http: "127.0.0.1:$mb"
server_name: us
jetstream { domain: us, store_dir: "$WORK/b" }
leafnodes { remotes = [{ url: "nats-leaf://127.0.0.1:$leaf", deny_imports: ["rows.>"], deny_exports: ["rows.>"] }] }
END
start nats-a nats-server -c a.conf
origin=$pid
start nats-b nats-server -c b.conf
mirror=$pid
cat >make.mjs <<END
import { Nats } from "$RECIPES/../hooks/nats.mjs";
const [address, config] = process.argv.slice(2);
const link = new Nats(address);
await link.api("STREAM.CREATE." + JSON.parse(config).name, JSON.parse(config));
link.close();
END
common='"storage": "file", "retention": "limits"'
until_so "a stream" node make.mjs "127.0.0.1:$a" "{\"name\": \"ROWS\", \"subjects\": [\"rows.>\"], $common}"
until_so "a mirror" node make.mjs "127.0.0.1:$b" \
  "{\"name\": \"M\", \"mirror\": {\"name\": \"ROWS\", \"external\": {\"api\": \"\$JS.eu.API\"}}, $common}"
healthz() { echo "$(status "http://127.0.0.1:$mb/healthz") for /healthz"; }
until_so "the mirror hears of its origin" sh -c "curl --noproxy '*' -s -m 5 \
  'http://127.0.0.1:$mb/jsz?accounts=true&streams=true' | grep -q '\"active\": [0-9]'"
tell "the mirror follows" pass "$(healthz)" "$mb"

# At once after a thaw the server knows nothing of the time that it slept through.
cat >write.mjs <<END
import { Nats } from "$RECIPES/../hooks/nats.mjs";
const [address, last] = process.argv.slice(2);
const link = new Nats(address);
const one = () => link.request("rows.one", "x".repeat(2_000), 0);
for (let n = 0; n < Number(last); n += 500) await Promise.all(Array.from({ length: 500 }, one));
link.close();
END
# messages PORT: of the first stream.
messages() {
  curl --noproxy '*' -s -m 5 "http://127.0.0.1:$1/jsz?accounts=true&streams=true" | grep -o -m 1 '"messages": [0-9]*' | tail -n 1
}
same() { [ "$(messages "$ma")" = "$(messages "$mb")" ]; }
kill -STOP "$mirror"
node write.mjs "127.0.0.1:$a" 20000
sleep 8
kill -CONT "$mirror"
lacks=$((20000 - $(messages "$mb" | tr -dc 0-9)))
[ "$lacks" -gt 0 ] || { echo "the mirror has all at once" >&2; exit 1; }
tell "the mirror has just thawed after 8 s, and lacks messages: not seen" "pass response_json_above_max" "$(healthz), $lacks of 20,000 missing" "$mb"
until_so "the mirror has all" same
tell "the mirror has all" pass "$(healthz)" "$mb"
kill -STOP "$origin"
sleep 8
tell "the origin is frozen for 8 s" response_json_above_max "$(healthz)" "$mb"
kill -KILL "$mirror"
start nats-b nats-server -c b.conf
until_so "it is back" curl --noproxy '*' -sf -m 5 "http://127.0.0.1:$mb/healthz"
tell "the mirror has restarted without its origin" response_json_below_min "$(healthz)" "$mb"
