#!/usr/bin/env bash
# What an origin sees of a request whose body stream is aborted.
#
# Expected: `writer.abort()` on the stream that feeds a request's body breaks the request off. The origin sees a
#   connection that closes without the last chunk, and takes the upload for unfinished (RFC 9112 section 8).
# Seen: the last chunk is sent, and `fetch` resolves. The origin has half an upload that looks whole. Only the
#   request's own `signal` breaks it off. With a `Content-Length` both do.
# For us: `passing` in `src/shell/upload.js` aborts the request, and never its stream.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $origin 2> /dev/null; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts workerd@1.20261117.1

cat > origin.mjs <<'JS'
import net from "node:net";
const server = net.createServer((socket) => {
  let all = "";
  const name = () => /^POST \/(\S+)/.exec(all)?.[1].replaceAll("-", " ");
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    all += bytes;
    if (!all.endsWith("\r\n0\r\n\r\n")) return;
    console.log(`${name()}: a whole upload`);
    all = "";
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  socket.on("close", () => all !== "" && console.log(`${name()}: broken off`));
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.error("ready"));
JS
port=$((20000 + RANDOM % 10000))
node origin.mjs "$port" > seen 2> ready &
origin=$!
until grep -q ready ready; do sleep 0.1; done

cat > worker.js <<JS
async function upload(name, pipe, end) {
  const { readable, writable } = pipe;
  const writer = writable.getWriter();
  const request = new AbortController();
  const url = "http://127.0.0.1:$port/" + name;
  const sent = fetch(url, { method: "POST", body: readable, signal: request.signal }).catch(() => {});
  await writer.write(new TextEncoder().encode("half"));
  await scheduler.wait(100);
  await end(writer, request);
  await sent;
  await scheduler.wait(100);
}
const abortStream = (writer) => writer.abort(new Error("no more")).catch(() => {});
const abortRequest = (_, request) => request.abort(new Error("no more"));
export default {
  async test() {
    await upload("identity-stream,-stream-aborted", new IdentityTransformStream(), abortStream);
    await upload("transform-stream,-stream-aborted", new TransformStream(), abortStream);
    await upload("identity-stream,-request-aborted", new IdentityTransformStream(), abortRequest);
    await upload("fixed-length,-stream-aborted", new FixedLengthStream(8), abortStream);
  },
};
JS
cat > config.capnp <<CAPNP
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2026-11-17",
    globalOutbound = "loopback")),
  (name = "loopback", network = (allow = ["127.0.0.0/8"])),
]);
CAPNP

npx workerd --version
# It counts the aborts as its failure. What the origin saw is what matters.
npx workerd test --experimental config.capnp 2> /dev/null || true
cat seen
diff seen - <<'SEEN'
identity stream, stream aborted: a whole upload
transform stream, stream aborted: a whole upload
identity stream, request aborted: broken off
fixed length, stream aborted: broken off
SEEN
