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
exec "$(dirname "$0")/kletka" install --prefix "$prefix"
