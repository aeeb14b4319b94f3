# tool: octodns 1.22.0, octodns-cloudflare 1.2.0
# settings: the same comment and `ignored: true` in its YAML
# expects: nothing
set -eu
mkdir zones
cat > zones/example.com.yaml <<'YAML'
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
