#!/usr/bin/env bash
# Whether the runtime on a developer's machine refuses what Cloudflare refuses.
#
# Expected: Cloudflare takes 2 MB for a row or a stored value, and 128 keys in one `put`; the same runtime on one's own
#   machine refuses more, so that a test finds what is too large.
# Seen: 5 MB in a row, 5 MB in a value and 1,000 keys in one `put` are stored without a word. A test that passes says
#   nothing of what production takes.
# For us: our own limits are checked by our own code.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts workerd@1.20261117.1
mkdir storage

cat > worker.js <<'JS'
const LARGE = "x".repeat(5_000_000);
export class Store {
  constructor(state) {
    this.storage = state.storage;
  }
  async fetch() {
    const { sql } = this.storage;
    sql.exec("CREATE TABLE rows (text TEXT)");
    sql.exec("INSERT INTO rows VALUES (?)", LARGE);
    await this.storage.put("large", LARGE);
    await this.storage.put(Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`key ${n}`, n])));
    const row = sql.exec("SELECT length(text) AS bytes FROM rows").one().bytes;
    const value = (await this.storage.get("large")).length;
    const keys = (await this.storage.list({ prefix: "key " })).size;
    return new Response(`row: ${row} bytes\nvalue: ${value} bytes\nkeys of one put: ${keys}`);
  }
}
export default {
  async test(_, env) {
    console.log(await (await env.STORE.getByName("one").fetch("http://store/")).text());
  },
};
JS

cat > config.capnp <<CAPNP
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2026-11-17",
    bindings = [(name = "STORE", durableObjectNamespace = "Store")],
    durableObjectNamespaces = [(className = "Store", uniqueKey = "Store", enableSql = true)],
    durableObjectStorage = (localDisk = "storage"))),
  (name = "storage", disk = (path = "$folder/storage", writable = true)),
]);
CAPNP

npx workerd --version
npx workerd test config.capnp 2> /dev/null | tee seen
diff seen - <<'SEEN'
row: 5000000 bytes
value: 5000000 bytes
keys of one put: 1000
SEEN
