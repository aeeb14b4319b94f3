#!/usr/bin/env bash
# What `transactionSync` does with an async function.
#
# Expected: it is refused, because a synchronous transaction cannot wait for it; or its failure undoes all of it.
# Seen: it is taken. What was written before the first `await` is committed at once, what is written after it is
#   committed as well, outside of any transaction, and the failure undoes nothing. The same function, not async, is undone.
# For us: nothing asynchronous goes into a transaction.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts workerd@1.20261117.1
mkdir storage

cat > worker.js <<'JS'
export class Store {
  constructor(state) {
    this.storage = state.storage;
  }
  async fetch() {
    const { sql } = this.storage;
    sql.exec("CREATE TABLE rows (text TEXT)");
    const write = (text) => sql.exec("INSERT INTO rows VALUES (?)", text);
    const fail = () => {
      throw new Error("failed");
    };
    try {
      this.storage.transactionSync(() => {
        write("not async");
        fail();
      });
    } catch {}
    const promise = this.storage.transactionSync(async () => {
      write("before await");
      await null;
      write("after await");
      fail();
    });
    const outcome = await promise.catch((error) => error.message);
    const rows = sql.exec("SELECT text FROM rows").toArray();
    return new Response(`the async one: ${outcome}\nrows: ${rows.map((row) => row.text).join(", ")}`);
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
the async one: failed
rows: before await, after await
SEEN
