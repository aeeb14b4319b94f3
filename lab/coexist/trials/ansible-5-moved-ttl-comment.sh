# tool: Ansible community.general 11.4.2, ansible-core 2.19.14
# settings: the address before a failover, `ttl: 60`, our `comment`
# expects: nothing
set -eu
# Its base URL is no setting: one line of a copy names the emulated API.
cp -r "$DIR/collections" collections
module=collections/ansible_collections/community/general/plugins/modules/cloudflare_dns.py
sed -i "s|https://api.cloudflare.com/client/v4|$API|" "$module"
export ANSIBLE_COLLECTIONS_PATH=$PWD/collections HOME=$PWD ANSIBLE_LOCALHOST_WARNING=false
"$DIR/venv/bin/ansible" localhost -c local -e ansible_python_interpreter="$DIR/venv/bin/python" \
  -m community.general.cloudflare_dns \
  -a "zone=example.com record=files type=A api_token=$TOKEN value=192.0.2.2 ttl=60 comment=pointsman:files"
