#!/usr/bin/env bash
# What a JavaScript value becomes when it is bound to SQL in a Durable Object.
#
# Expected: a whole number binds as INTEGER, so that 7 in a TEXT column is '7'; `true` binds as 1, or is refused.
# Seen: every number binds as REAL. 7 in a TEXT column is '7.0', no row has the key '7', and half of a bound 7 is 3.5.
#   `true` binds as the text 'true', stays text in an INTEGER column, and counts as false in a condition.
# For us: numbers go into INTEGER columns only, and truth is bound as 0 or 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts workerd@1.20261117.1
mkdir storage

cat > worker.js <<'JS'
export class Store {
  constructor(state) {
    this.sql = state.storage.sql;
  }
  fetch() {
    const one = (query, ...bindings) => Object.values(this.sql.exec(query, ...bindings).one()).join(" ");
    this.sql.exec("CREATE TABLE rows (key TEXT PRIMARY KEY, is_up INTEGER)");
    this.sql.exec("INSERT INTO rows VALUES (?, ?)", 7, true);
    return new Response(
      [
        `type of a bound 7: ${one("SELECT typeof(?)", 7)}`,
        `key: ${one("SELECT key FROM rows")}`,
        `rows with key '7': ${one("SELECT count(*) FROM rows WHERE key = '7'")}`,
        `half of 7, bound and written: ${one("SELECT ? / 2, 7 / 2", 7)}`,
        `is_up, its type, as a condition: ${one("SELECT is_up, typeof(is_up), iif(is_up, 'yes', 'no') FROM rows")}`,
      ].join("\n"),
    );
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
type of a bound 7: real
key: 7.0
rows with key '7': 0
half of 7, bound and written: 3.5 3
is_up, its type, as a condition: true text no
SEEN
