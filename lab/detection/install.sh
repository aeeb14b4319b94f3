#!/usr/bin/env bash
# Fetches gdnsd, PowerDNS and HAProxy into $DIR: unpacked there, nothing is installed. What is there
# is not fetched again. Ends with 77 where this machine has no packages of Debian.
set -eu
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo "no apt-get here"; exit 77; }
cd "$DIR"
if [ ! -e done ]; then
  apt-get download -q \
    gdnsd libev4 libmaxminddb0 libsodium23 libunwind8 liburcu8 \
    pdns-server pdns-backend-bind libboost-program-options1.74.0 libluajit-5.1-2 \
    haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 \
    || { echo "the packages of Debian cannot be had"; exit 77; }
  for package in *.deb; do dpkg -x "$package" root; done
  touch done
fi
