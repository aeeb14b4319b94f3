# inadyn knows one server alone, api.cloudflare.com, over TLS. So it runs in a mount namespace of its
# own, whose hosts file says that this is 127.0.0.1, and there a few lines hand its bytes on to the
# emulated API.
inadyn_with() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1 \
    -subj /CN=api.cloudflare.com -addext subjectAltName=DNS:api.cloudflare.com 2> /dev/null
  cat > bridge.py <<'PYTHON'
import os, socket, ssl, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server = socket.create_server(("127.0.0.1", 443))
open("ready", "w").close()
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for end in (a, b):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
while True:
    raw, _ = server.accept()
    try:
        near = context.wrap_socket(raw, server_side=True)
    except OSError:
        continue
    far = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
    threading.Thread(target=pump, args=(near, far), daemon=True).start()
    threading.Thread(target=pump, args=(far, near), daemon=True).start()
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
