#!/usr/bin/env bash
# Fetches the tools of the trials into $DIR, in exact versions. What is there is not fetched again.
set -eu
cd "$DIR"
if [ ! -e python-done ]; then
  python3 -m venv venv
  venv/bin/pip install -q octodns==1.22.0 octodns-cloudflare==1.2.0 dns-lexicon==3.25.2 \
    cloudflare==5.9.0 ansible-core==2.19.14
  # Of the collections only one is needed.
  venv/bin/pip download -q --no-deps ansible==12.3.0 -d wheel
  venv/bin/python - <<'PYTHON'
import glob, zipfile
with zipfile.ZipFile(glob.glob("wheel/ansible-12.3.0-*.whl")[0]) as wheel:
    for name in wheel.namelist():
        if name.startswith("ansible_collections/community/general/"):
            wheel.extract(name, "collections")
PYTHON
  rm -r wheel
  touch python-done
fi
if [ ! -e node-done ]; then
  npm install --silent --prefix node cloudflare@7.3.0
  touch node-done
fi
if [ ! -e debian-done ]; then
  mkdir -p debian
  (cd debian && apt-get download -q ddclient inadyn libconfuse2)
  for package in debian/*.deb; do dpkg -x "$package" root; done
  touch debian-done
fi
