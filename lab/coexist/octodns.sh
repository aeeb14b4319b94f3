# Runs octodns with a zone file from standard input: `sync_octodns`, or `sync_octodns LINE` with one
# more line about the zone in its config.
sync_octodns() {
  mkdir zones
  cat > zones/example.com.yaml
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
${1:-}
YAML
  "$DIR/venv/bin/octodns-sync" --config-file config.yaml --doit --force
}
