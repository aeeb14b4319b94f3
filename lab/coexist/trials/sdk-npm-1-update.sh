# tool: cloudflare (npm) 7.3.0
# settings: `records.update` with our address and TTL
# expects: marker_lost
set -eu
ln -s "$DIR/node/node_modules" node_modules
cat > trial.mjs <<'JS'
import Cloudflare from 'cloudflare';
const client = new Cloudflare({ baseURL: process.env.API, apiToken: process.env.TOKEN });
const zone = process.env.ZONE;
const page = await client.dns.records.list({ zone_id: zone, name: { exact: 'files.example.com' } });
const record = page.result[0];
await client.dns.records.update(record.id, {
  zone_id: zone, name: record.name, type: 'A', content: '192.0.2.1', ttl: 60,
});
JS
node trial.mjs
