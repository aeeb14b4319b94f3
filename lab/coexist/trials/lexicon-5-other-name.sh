# tool: dns-lexicon 3.25.2
# settings: `create` of a challenge under the name
# expects: nothing
set -eu
# Its base URL is no setting: one line of a copy names the emulated API.
cp -r "$DIR"/venv/lib/python3*/site-packages/lexicon lexicon
sed -i "s|https://api.cloudflare.com/client/v4|$API|" lexicon/_private/providers/cloudflare.py
export LEXICON_CLOUDFLARE_AUTH_TOKEN=$TOKEN PYTHONPATH=$PWD
"$DIR/venv/bin/lexicon" cloudflare --zone-id "$ZONE" create example.com TXT --name _acme-challenge.files --content abc
