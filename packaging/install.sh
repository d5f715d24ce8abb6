#!/bin/sh
# Installs kletka from this directory: ./install.sh [--prefix DIR], by default below /usr/local.
# `kletka install --remove` takes everything away again.
set -eu

case $#,${1-} in
0,)
	prefix=/usr/local
	;;
2,--prefix)
	prefix=$2
	;;
1,--prefix=*)
	prefix=${1#--prefix=}
	;;
*)
	echo "usage: $0 [--prefix DIR]" >&2
	exit 64
	;;
esac
"$(dirname "$0")/kletka" install --prefix "$prefix"
# So that jails stop in order at shutdown. Where systemd does not look below the prefix, it has no such unit.
if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ]; then
	systemctl daemon-reload
	systemctl --quiet enable --now kletka-jails.service 2> /dev/null || true
fi
