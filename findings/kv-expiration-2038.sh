#!/usr/bin/env bash
# How far in the future a KV value may expire.
#
# Expected: `expiration` is a time in seconds since 1970, and any future one is good. A Worker may keep a record for
#   fifteen years, as some laws ask.
# Seen: the last one is 2147483647, on 19 January 2038. One second later is refused. `expirationTtl`, in seconds from
#   now, goes past it.
# For us: nothing that we write into KV expires.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts workerd@1.20261117.1
mkdir storage

cat > worker.js <<'JS'
async function put(env, what, options) {
  try {
    await env.KV.put("key", "value", options);
    const { keys } = await env.KV.list();
    console.log(`${what}: ${keys[0].expiration > 2147483647 ? "after" : "until"} 2038`);
  } catch (error) {
    console.log(`${what}: ${error.message}`);
  }
}
export default {
  async test(_, env) {
    await put(env, "expiration 2147483647", { expiration: 2147483647 });
    await put(env, "expiration 2147483648", { expiration: 2147483648 });
    await put(env, "expirationTtl of 20 years", { expirationTtl: 20 * 365 * 86_400 });
  },
};
JS

cat > config.capnp <<CAPNP
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2026-11-17",
    bindings = [(name = "KV", kvNamespace = (name = "kv", props = (json = "{\"namespace\":\"KV\"}")))])),
  (name = "kv", worker = (
    modules = [(name = "kv", bundled = "/workerd/kv.js")], compatibilityDate = "2026-11-17",
    bindings = [(name = "SHARD", durableObjectNamespace = "KVNamespace"), (name = "BLOBS", service = "storage")],
    durableObjectNamespaces = [(className = "KVNamespace", uniqueKey = "kv", enableSql = true)],
    durableObjectStorage = (localDisk = "storage"))),
  (name = "storage", disk = (path = "$folder/storage", writable = true)),
]);
CAPNP

npx workerd --version
npx workerd test --experimental config.capnp 2> /dev/null | tee seen
diff seen - <<'SEEN'
expiration 2147483647: until 2038
expiration 2147483648: Value out of range. Must be between -2147483648 and 2147483647 (inclusive).
expirationTtl of 20 years: after 2038
SEEN
