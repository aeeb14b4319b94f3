#!/usr/bin/env bash
# What `jurisdiction()` of a Durable Object namespace does on one's own machine.
#
# Expected: the words of the documentation work and mean nothing there, as location hints do, and a word that does not
#   exist is refused as in production.
# Seen: all are refused in the same words, the right ones and the wrong one. A Worker that keeps its objects in the EU
#   does not run locally, and a misspelt jurisdiction is first seen in production. A location hint, right or wrong, works.
# For us: the lab puts a stand-in before the Worker, and the word is checked by our own code (ADR-0014).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts workerd@1.20261117.1
mkdir storage

cat > worker.js <<'JS'
export class Store {
  fetch() {
    return new Response("works");
  }
}
async function told(work) {
  try {
    return await (await work().fetch("http://store/")).text();
  } catch (error) {
    return error.message;
  }
}
export default {
  async test(_, { STORE }) {
    for (const word of ["eu", "us", "fedramp", "fedramp-high", "eü"])
      console.log(`jurisdiction ${word}: ${await told(() => STORE.jurisdiction(word).getByName("one"))}`);
    console.log(`an id in eu: ${await told(() => STORE.get(STORE.newUniqueId({ jurisdiction: "eu" })))}`);
    for (const locationHint of ["weur", "nowhere"])
      console.log(`hint ${locationHint}: ${await told(() => STORE.getByName("one", { locationHint }))}`);
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
jurisdiction eu: Jurisdiction restrictions are not implemented in workerd.
jurisdiction us: Jurisdiction restrictions are not implemented in workerd.
jurisdiction fedramp: Jurisdiction restrictions are not implemented in workerd.
jurisdiction fedramp-high: Jurisdiction restrictions are not implemented in workerd.
jurisdiction eü: Jurisdiction restrictions are not implemented in workerd.
an id in eu: Jurisdiction restrictions are not implemented in workerd.
hint weur: works
hint nowhere: works
SEEN
