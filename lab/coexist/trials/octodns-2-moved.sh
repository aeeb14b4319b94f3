# tool: octodns 1.22.0, octodns-cloudflare 1.2.0
# settings: the record in its YAML with another address
# expects: content_moved marker_lost ttl_changed
set -eu
. "$(dirname "$0")/../octodns.sh"
sync_octodns <<'YAML'

---
files:
  ttl: 60
  type: A
  value: 192.0.2.2
YAML
