# tool: octodns 1.22.0, octodns-cloudflare 1.2.0
# settings: the same comment and `ignored: true` in its YAML
# expects: nothing
set -eu
. "$(dirname "$0")/../octodns.sh"
sync_octodns <<'YAML'

---
files:
  octodns:
    cloudflare:
      comment: pointsman:files
    ignored: true
  ttl: 60
  type: A
  value: 192.0.2.1
YAML
