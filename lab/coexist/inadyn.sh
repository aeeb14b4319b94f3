# inadyn knows one server alone, api.cloudflare.com, over TLS. So it runs in a mount namespace of its
# own, whose hosts file says that this is 127.0.0.1, and there a few lines hand its bytes on to the
# emulated API.
inadyn_with() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1 \
    -subj /CN=api.cloudflare.com -addext subjectAltName=DNS:api.cloudflare.com 2> /dev/null
  cat > bridge.py <<'PYTHON'
import json, os, ssl, urllib.error, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
def id_first(value):
    # As Cloudflare writes it; inadyn takes the first id of the text.
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key != "id")
        return {key: id_first(value[key]) for key in keys}
    return [id_first(item) for item in value] if isinstance(value, list) else value
class Bridge(BaseHTTPRequestHandler):
    def hand_on(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else None
        url = "http://127.0.0.1:%s%s" % (os.environ["PORT"], self.path)
        headers = {key: self.headers[key] for key in ("authorization", "content-type")
                   if key in self.headers}
        request = urllib.request.Request(url, body, headers, method=self.command)
        try:
            reply = urllib.request.urlopen(request)
        except urllib.error.HTTPError as refused:
            reply = refused
        text = json.dumps(id_first(json.load(reply)), separators=(",", ":")).encode()
        self.send_response(reply.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    do_GET = do_PUT = do_POST = do_PATCH = hand_on
server = ThreadingHTTPServer(("127.0.0.1", 443), Bridge)
server.socket = context.wrap_socket(server.socket, server_side=True)
open("ready", "w").close()
server.serve_forever()
PYTHON
  python3 bridge.py &
  bridge=$!
  trap 'kill "$bridge"' EXIT
  for _ in $(seq 50); do [ -e ready ] && break; sleep 0.1; done
  echo "127.0.0.1 api.cloudflare.com localhost" > hosts
  cat > inadyn.conf <<CONF
iterations = 1
allow-ipv6 = false
ca-trust-file = "$PWD/cert.pem"
secure-ssl = true
provider cloudflare.com {
  username = example.com
  password = $TOKEN
  hostname = files.example.com
  checkip-command = "echo 192.0.2.2"
  $1
}
CONF
  export LD_LIBRARY_PATH="$DIR/root/usr/lib/x86_64-linux-gnu"
  timeout 30 unshare -m bash -c "mount --bind '$PWD/hosts' /etc/hosts && '$DIR/root/usr/sbin/inadyn' \
    --once --foreground --force --no-pidfile --cache-dir='$PWD' --config='$PWD/inadyn.conf' --loglevel=debug" || true
}
