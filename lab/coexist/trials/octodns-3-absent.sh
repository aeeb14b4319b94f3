# tool: octodns 1.22.0, octodns-cloudflare 1.2.0
# settings: the record is not in its YAML
# expects: gone
set -eu
. "$(dirname "$0")/../octodns.sh"
sync_octodns <<'YAML'

---
other:
  ttl: 300
  type: A
  value: 192.0.2.77
YAML
