# tool: ddclient 3.10.0 (Debian)
# settings: the name in its list
# expects: content_moved
set -eu
# It speaks HTTPS only: a copy speaks HTTP to the emulated API.
sed -e 's|"https://$config{$key}{.server.}|"http://$config{$key}{'"'server'"'}|' -e 's|/zones/?"|/zones?"|' "$DIR"/root/usr/bin/ddclient > ddclient
cat > ddclient.conf <<CONF
daemon=0
ssl=no
cache=$PWD/cache
use=cmd, cmd='echo 192.0.2.2'
protocol=cloudflare, zone=example.com, server=127.0.0.1:$PORT/client/v4, login=token, password=$TOKEN files.example.com
CONF
chmod 600 ddclient.conf
perl ddclient -file "$PWD/ddclient.conf" -daemon=0 -force -verbose -noquiet -debug
