# tool: inadyn 2.10.0 (Debian)
# settings: the name in its list, `ttl = 60`
# expects: content_moved marker_lost
set -eu
. "$(dirname "$0")/../inadyn.sh"
inadyn_with 'ttl = 60'
