# tool: cloudflare (Python) 5.9.0
# settings: `records.edit` of another address
# expects: content_moved
set -eu
"$DIR/venv/bin/python" - <<'PYTHON'
import os
from cloudflare import Cloudflare
client = Cloudflare(base_url=os.environ["API"], api_token=os.environ["TOKEN"])
zone = os.environ["ZONE"]
record = next(iter(client.dns.records.list(zone_id=zone, name={"exact": "files.example.com"})))
client.dns.records.edit(record.id, zone_id=zone, name=record.name, type="A", ttl=60, content="192.0.2.2")
PYTHON
