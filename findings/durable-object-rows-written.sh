#!/usr/bin/env bash
# How many rows one write of a Durable Object's SQL counts as, in a table whose primary key is a text.
#
# Expected: a statement that inserts or replaces one row counts as one row written.
# Seen: in a plain table a new row counts 2, since the key is an index beside the table, and INSERT OR REPLACE of a row that
#   is there counts 2 again, while ON CONFLICT DO UPDATE counts 1. In a table WITHOUT ROWID each of the three counts 1.
# For us: rows are what Cloudflare bills. The state's table is WITHOUT ROWID and written by ON CONFLICT (ADR-0013).
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
    const written = (query) => this.sql.exec(query).rowsWritten;
    const told = ["", " WITHOUT ROWID"].map((form, at) => {
      this.sql.exec(`CREATE TABLE t${at} (key TEXT PRIMARY KEY, value TEXT)${form}`);
      const fresh = written(`INSERT INTO t${at} VALUES ('a', 'x')`);
      const replaced = written(`INSERT OR REPLACE INTO t${at} VALUES ('a', 'y')`);
      const upsert = `INSERT INTO t${at} VALUES ('a', 'z') ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
      return `table${form}: new ${fresh}, replaced ${replaced}, upserted ${written(upsert)}`;
    });
    return new Response(told.join("\n"));
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
table: new 2, replaced 2, upserted 1
table WITHOUT ROWID: new 1, replaced 1, upserted 1
SEEN
