# tool: cloudflare (npm) 7.3.0
# settings: `records.edit` of another address
# expects: content_moved
set -eu
ln -s "$DIR/node/node_modules" node_modules
cat > trial.mjs <<'JS'
import Cloudflare from 'cloudflare';
const client = new Cloudflare({ baseURL: process.env.API, apiToken: process.env.TOKEN });
const zone = process.env.ZONE;
const page = await client.dns.records.list({ zone_id: zone, name: { exact: 'files.example.com' } });
const record = page.result[0];
await client.dns.records.edit(record.id, {
  zone_id: zone, name: record.name, type: 'A', ttl: 60, content: '192.0.2.2',
});
JS
node trial.mjs
