#!/usr/bin/env bash
# What becomes of a data point of Analytics Engine that exceeds one of the documented limits.
#
# Expected: `writeDataPoint()` throws for each of them, as production does for one point too many of an invocation; so
#   the trial caught and printed an error for each limit.
# Seen: it returns, nothing is logged, and the point never arrives. Bytes of an index count, not characters, and texts
#   have 16,000 bytes together. One call less and all arrive, so a test that only writes cannot tell.
# For us: `src/analytics/point.rs` keeps every point within the limits by construction, and a property holds it.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $workerd 2> /dev/null; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts workerd@1.20261117.1

cat > main.js <<'JS'
const POINTS = [
  ["20 blobs", { blobs: Array(20).fill("a") }],
  ["21 blobs", { blobs: Array(21).fill("a") }],
  ["20 doubles", { doubles: Array(20).fill(1) }],
  ["21 doubles", { doubles: Array(21).fill(1) }],
  ["two indexes", { indexes: ["a", "b"] }],
  ["an index of 96 bytes", { indexes: ["a".repeat(96)] }],
  ["an index of 97 bytes", { indexes: ["a".repeat(97)] }],
  ["an index of 49 characters of 2 bytes", { indexes: ["é".repeat(49)] }],
  ["blobs of 16000 bytes", { blobs: ["a".repeat(16000)] }],
  ["blobs of 16001 bytes", { blobs: ["a".repeat(16001)] }],
];
export default {
  async fetch(request, env) {
    const lines = [];
    for (const [name, point] of POINTS) {
      let said = "returns";
      const before = await (await env.SINK.fetch("http://sink/")).text();
      try {
        env.ANALYTICS.writeDataPoint(point);
      } catch (error) {
        said = `throws ${error}`;
      }
      await scheduler.wait(200);
      const after = await (await env.SINK.fetch("http://sink/")).text();
      lines.push(`${name}: ${said}, ${after - before} arrived`);
    }
    return new Response(lines.join("\n") + "\n");
  },
};
JS
cat > sink.js <<'JS'
let arrived = 0;
export default {
  fetch(request) {
    if (request.method === "POST") arrived += 1;
    return new Response(String(arrived));
  },
};
JS
port=$((20000 + RANDOM % 10000))
cat > config.capnp <<CAPNP
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "main.js", esModule = embed "main.js")], compatibilityDate = "2026-11-17",
      bindings = [(name = "ANALYTICS", analyticsEngine = "sink"), (name = "SINK", service = "sink")])),
    (name = "sink", worker = (
      modules = [(name = "sink.js", esModule = embed "sink.js")], compatibilityDate = "2026-11-17")),
  ],
  sockets = [(name = "http", address = "127.0.0.1:$port", http = (), service = "main")],
);
CAPNP

npx workerd --version
node_modules/@cloudflare/workerd-linux-64/bin/workerd serve --experimental config.capnp > log 2>&1 &
workerd=$!
until curl --silent --noproxy '*' "http://127.0.0.1:$port/" > seen; do sleep 0.2; done
cat seen log
diff seen - <<'SEEN'
20 blobs: returns, 1 arrived
21 blobs: returns, 0 arrived
20 doubles: returns, 1 arrived
21 doubles: returns, 0 arrived
two indexes: returns, 0 arrived
an index of 96 bytes: returns, 1 arrived
an index of 97 bytes: returns, 0 arrived
an index of 49 characters of 2 bytes: returns, 0 arrived
blobs of 16000 bytes: returns, 1 arrived
blobs of 16001 bytes: returns, 0 arrived
SEEN
