#!/usr/bin/env bash
# install.sh NAME…: fetches what these need into $DIR: unpacked there, nothing is installed. A name is
# an example of the lab, or `patroni`. What is there is not fetched again; `packages` has the versions.
# Ends with 77 where this machine has no packages of Debian.
set -eu
debian=() python=()
for name; do
  case $name in
    bodies) debian+=(haproxy prometheus-blackbox-exporter) ;;
    browser) debian+=(chromium fonts-dejavu-core) ;;
    detection) debian+=(gdnsd pdns-server pdns-backend-bind haproxy) ;;
    real)
      debian+=(postgresql-15 postgresql-client-15 libpq5 redis-server redis-tools liblzf1 libjemalloc2
        nats-server etcd-server python3-etcd) ;;
    recipes)
      debian+=(postgresql-15 postgresql-client-15 libpq5 pgbackrest restic redis-server redis-tools liblzf1 libjemalloc2
        nats-server etcd-server python3-etcd haproxy rabbitmq-server mariadb-server mariadb-client galera-4) ;;
    # For the system's own Python, which every user may run.
    patroni)
      python+=(patroni==4.1.5 psycopg==3.2.13 psycopg-binary==3.2.13 click==8.5.1 dnspython==2.9.2
        prettytable==3.18.0 wcwidth==0.9.4 psutil==7.2.2 python-dateutil==4.0.0 six==1.17.0 PyYAML==6.0.4
        typing_extensions==4.16.0 urllib3==2.8.0) ;;
    *) echo "no example is called $name" >&2; exit 1 ;;
  esac
done
command -v apt-get >/dev/null && command -v dpkg >/dev/null || { echo "no apt-get here"; exit 77; }
cd "$DIR"
if [ "${#debian[@]}" -gt 0 ] && [ ! -e debian-done ]; then
  mkdir -p debian/partial lists/partial
  options=(-q -y -o Debug::NoLocking=1 -o Dir::State::Lists="$PWD/lists" -o Dir::Cache::archives="$PWD/debian"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= -o APT::Install-Recommends=0)
  apt-get "${options[@]}" update || { echo "the packages of Debian cannot be reached"; exit 77; }
  # With what they need and this machine lacks.
  apt-get "${options[@]}" install --download-only --reinstall "${debian[@]}" \
    || { echo "the packages of Debian cannot be had"; exit 77; }
  : >packages
  for package in debian/*.deb; do
    dpkg -x "$package" root
    echo "$(dpkg -f "$package" Package) $(dpkg -f "$package" Version)" >>packages
  done
  rm -r debian lists
  # Erlang is told at its build where it is.
  [ ! -e root/usr/lib/erlang/bin/erl ] \
    || sed -i "s|ROOTDIR=/usr/lib/erlang|ROOTDIR=$PWD/root/usr/lib/erlang|" root/usr/lib/erlang/bin/erl
  touch debian-done
fi
if [ "${#python[@]}" -gt 0 ] && [ ! -e python-done ]; then
  version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  python3 -m pip install -q --no-deps --target python --python-version "$version" --only-binary=:all: "${python[@]}" \
    || { echo "${python[0]} cannot be had"; exit 77; }
  touch python-done
fi
