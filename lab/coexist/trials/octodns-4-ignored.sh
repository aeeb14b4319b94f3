# tool: octodns 1.22.0, octodns-cloudflare 1.2.0
# settings: `ignored: true` in its YAML, without our comment
# expects: marker_lost ttl_changed
set -eu
. "$(dirname "$0")/../octodns.sh"
sync_octodns <<'YAML'

---
files:
  octodns:
    ignored: true
  ttl: 60
  type: A
  value: 192.0.2.1
YAML
