# tool: dns-lexicon 3.25.2
# settings: `delete` by name
# expects: gone
set -eu
# Its base URL is no setting: one line of a copy names the emulated API.
cp -r "$DIR"/venv/lib/python3*/site-packages/lexicon lexicon
# It asks for pages of 100 zones, and the emulated API gives 50.
sed -i "s|https://api.cloudflare.com/client/v4|$API|; s|\"per_page\": 100}|\"per_page\": 50}|" lexicon/_private/providers/cloudflare.py
export PYTHONPATH=$PWD
"$DIR/venv/bin/python" - <<'PYTHON'
import os
from lexicon.client import Client
from lexicon.config import ConfigResolver
# Without a network the command line cannot look the zone's name up; the library need not.
deed = {'provider_name': 'cloudflare', 'action': 'delete', 'domain': 'example.com', 'type': 'A', 'name': 'files'}
deed["cloudflare"] = {"auth_token": os.environ["TOKEN"]}
print(Client(ConfigResolver().with_dict(deed)).execute())
PYTHON
