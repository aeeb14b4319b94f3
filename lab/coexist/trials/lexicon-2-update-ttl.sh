# tool: dns-lexicon 3.25.2
# settings: `update --ttl 60` with another address
# expects: marker_lost content_moved
set -eu
# Its base URL is no setting: one line of a copy names the emulated API.
cp -r "$DIR"/venv/lib/python3*/site-packages/lexicon lexicon
sed -i "s|https://api.cloudflare.com/client/v4|$API|" lexicon/_private/providers/cloudflare.py
export LEXICON_CLOUDFLARE_AUTH_TOKEN=$TOKEN PYTHONPATH=$PWD
"$DIR/venv/bin/lexicon" cloudflare --zone-id "$ZONE" update example.com A --name files --content 192.0.2.2 --ttl 60
