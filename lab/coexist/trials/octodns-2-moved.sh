# tool: octodns 1.22.0, octodns-cloudflare 1.2.0
# settings: the record in its YAML with another address
# expects: content_moved marker_lost ttl_changed
set -eu
mkdir zones
cat > zones/example.com.yaml <<'YAML'
---
files:
  ttl: 60
  type: A
  value: 192.0.2.2
YAML
cat > config.yaml <<YAML
manager:
  max_workers: 1
processors:
  not-pointsmans:
    class: octodns.processor.filter.NameRejectlistFilter
    rejectlist:
      - files
providers:
  files:
    class: octodns.provider.yaml.YamlProvider
    directory: ./zones
    default_ttl: 300
  cloudflare:
    class: octodns_cloudflare.CloudflareProvider
    token: $TOKEN
    api_url: $API
    pagerules: false
zones:
  example.com.:
    sources: [files]
    targets: [cloudflare]

YAML
"$DIR/venv/bin/octodns-sync" --config-file config.yaml --doit --force
