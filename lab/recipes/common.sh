# What all systems share; sourced by each. $DIR has the programs, $WORK is a new folder of this run.
#
# A system brings itself into one state after another, and tells each with `tell`: the example reads
# the origins as the recipe says, and lets it go on.
set -eu
[ "$(id -u)" = 0 ] && drop=(setpriv --reuid 65534 --regid 65534 --clear-groups) || drop=()
libraries=$(echo "$DIR"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH="$libraries:$libraries/perl5/5.36" HOME="$WORK"
export PATH="$DIR/root/usr/lib/postgresql/15/bin:$DIR/root/usr/sbin:$DIR/root/usr/bin:$PATH"
chmod 777 "$WORK"
cd "$WORK"
started=()

# below ID…: these processes and all that they started.
below() {
  local id
  for id; do
    echo "$id"
    below $(pgrep -P "$id")
  done
}
# stop_all: some of them may have ended by themselves.
stop_all() { kill -KILL $(below "${started[@]}") 2>/dev/null || true; }
trap stop_all EXIT

# as COMMAND…: as the user of the systems, which refuse root.
as() { "${drop[@]}" "$@"; }

# start NAME COMMAND…: in the background; its process is then $pid.
start() {
  local name=$1
  shift
  "${drop[@]}" "$@" >"$WORK/$name.log" 2>&1 &
  pid=$!
  disown "$pid"
  started+=("$pid")
}

# until_so WHAT COMMAND…: asks until it succeeds.
until_so() {
  local what=$1 left=600
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "not in time: $what" >&2; tail -n 5 "$WORK"/*.log >&2; exit 1; }
    sleep 0.2
  done
}

# A port that nobody listens on, and that was not given away before; below those that the system gives
# away by itself, to whoever connects in the meantime.
port() {
  local next
  next=$(cat "$WORK/next-port" 2>/dev/null || echo $((22000 + $$ % 64 * 128)))
  until python3 -c "import socket; socket.socket().bind(('127.0.0.1', $next))" 2>/dev/null; do next=$((next + 1)); done
  echo $((next + 1)) >"$WORK/next-port"
  echo "$next"
}

# status URL: what a usual probe sees.
status() { curl --noproxy '*' -s -m 5 -o /dev/null -w '%{http_code}' "$1" || true; }

# health SYSTEM PORT COMMAND: the document of `health.mjs`.
health() {
  start "health-$2" env SYSTEM="$1" PORT="$2" COMMAND="$3" PROOF="${PROOF:-}" STANZA=main \
    COMMAND_MS_MAX="${COMMAND_MS_MAX:-4000}" node "$RECIPES/health.mjs"
  until_so "health.mjs listens" curl --noproxy '*' -s -m 5 -o /dev/null "http://127.0.0.1:$2/"
}

# tell STATE EXPECTED USUAL PORT…: the origins are at these ports, and the first one is judged.
# EXPECTED is `pass`, or the kind of the failure. USUAL is what a usual probe says of it.
tell() {
  local state=$1 expected=$2 usual=$3
  shift 3
  printf '%s\t%s\t%s\t%s\n' "$state" "$expected" "$usual" "$*"
  if [ -n "${TRY:-}" ]; then
    for one; do curl --noproxy '*' -s -m 10 -w ' %{http_code}\n' "http://127.0.0.1:$one${TRY}" | cut -c 1-1500; done
  else
    read -r _
  fi
}
