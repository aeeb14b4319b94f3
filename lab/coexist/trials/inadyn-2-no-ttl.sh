# tool: inadyn 2.10.0 (Debian)
# settings: the name in its list, no `ttl`
# expects: nothing
set -eu
. "$(dirname "$0")/../inadyn.sh"
inadyn_with ''
