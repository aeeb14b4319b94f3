#!/usr/bin/env bash
# Fetches the systems of the recipes into $DIR: unpacked there, nothing is installed. What is there
# is not fetched again. Ends with 77 where this machine has no packages of Debian.
set -eu
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo "no apt-get here"; exit 77; }
cd "$DIR"
if [ ! -e debian-done ]; then
  mkdir -p debian/partial lists/partial
  options=(-q -y -o Debug::NoLocking=1 -o Dir::State::Lists="$PWD/lists" -o Dir::Cache::archives="$PWD/debian"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= -o APT::Install-Recommends=0)
  apt-get "${options[@]}" update || { echo "the packages of Debian cannot be reached"; exit 77; }
  # With what they need and this machine lacks.
  apt-get "${options[@]}" install --download-only --reinstall \
    postgresql-15 postgresql-client-15 libpq5 pgbackrest restic redis-server redis-tools liblzf1 libjemalloc2 \
    nats-server etcd-server python3-etcd haproxy rabbitmq-server mariadb-server mariadb-client galera-4 \
    || { echo "the packages of Debian cannot be had"; exit 77; }
  for package in debian/*.deb; do dpkg -x "$package" root; done
  rm -r debian lists
  # It is told at its build where it is.
  sed -i "s|ROOTDIR=/usr/lib/erlang|ROOTDIR=$PWD/root/usr/lib/erlang|" root/usr/lib/erlang/bin/erl
  touch debian-done
fi
if [ ! -e python-done ]; then
  version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  python3 -m pip install -q --no-deps --target python --python-version "$version" --only-binary=:all: \
    patroni==4.1.5 psycopg==3.2.13 psycopg-binary==3.2.13 click==8.5.1 dnspython==2.9.2 \
    prettytable==3.18.0 wcwidth==0.9.4 psutil==7.2.2 python-dateutil==4.0.0 six==1.17.0 PyYAML==6.0.4 \
    typing_extensions==4.16.0 urllib3==2.8.0 || { echo "Patroni cannot be had"; exit 77; }
  touch python-done
fi
