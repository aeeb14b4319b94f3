#!/usr/bin/env bash
# Fetches Prometheus and promtool into $DIR, as Debian packages them: unpacked there, nothing is installed. What is there
# is not fetched again. Ends with 77 where this machine has no packages of Debian.
set -eu
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo "no apt-get here"; exit 77; }
cd "$DIR"
[ ! -e debian-done ] || exit 0
mkdir -p debian/partial lists/partial
options=(-q -y -o Debug::NoLocking=1 -o Dir::State::Lists="$PWD/lists" -o Dir::Cache::archives="$PWD/debian"
  -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= -o APT::Install-Recommends=0)
apt-get "${options[@]}" update || { echo "the packages of Debian cannot be reached"; exit 77; }
# It needs nothing but libc; the packages that come with it are for its pages.
apt-get "${options[@]}" install --download-only --reinstall prometheus \
  || { echo "the package prometheus cannot be had"; exit 77; }
dpkg -x debian/prometheus_*.deb root
rm -r debian lists
touch debian-done
