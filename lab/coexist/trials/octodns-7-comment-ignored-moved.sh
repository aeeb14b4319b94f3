# tool: octodns 1.22.0, octodns-cloudflare 1.2.0
# settings: comment and `ignored: true`, while our record says another address
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
  value: 192.0.2.2
YAML
