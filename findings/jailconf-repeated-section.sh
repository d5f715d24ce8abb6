#!/bin/sh
# The Python library jailconf: of two `*` sections of jail.conf(5) it keeps and writes the last one only
#
# Version: jailconf 0.2.2 (PyPI).
# Seen:    A file with two `*` sections and a jail `web` is read without an error. write() leaves the parameters of the
#          first section out of the file, so that web loses its mount.devfs. A `+=` in a jail, where the value to add
#          to stands outside, is refused: "Trying to append to undefined parameter exec.start".
# Source:  jail.conf(5), "Wildcards": several wildcard sections are allowed, and a jail has the parameters of them all;
#          "Parameters": += appends to an existing list. FreeBSD's jail(8), config.c, load_config(), merges the sections
#          first. The library is a dictionary by name inside.
# Guess:   Reading and writing a file without a change changes comments at most.
#
# Leaves with 77 where the package is missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

pip install -q --no-cache-dir --root-user-action=ignore --target packages jailconf==0.2.2 ||
    { echo "skipped: no jailconf 0.2.2"; exit 77; }
export PYTHONPATH="$here/packages" PYTHONDONTWRITEBYTECODE=1
cat >jail.conf <<'IN'
* {
    mount.devfs;
}
web {
    path = "/jail/web";
}
* {
    persist;
}
IN
cat >append.conf <<'IN'
exec.start = "/bin/sh /etc/rc";
web {
    exec.start += "/bin/true";
}
IN
seen=$(python3 - <<'IN'
import jailconf

conf = jailconf.load("jail.conf")
conf.write("jail.conf", indentation="    ")
print(open("jail.conf").read(), end="")
try:
    jailconf.load("append.conf")
except jailconf.exceptions.ConfError as error:
    print(f"append.conf: {error}")
IN
)
printf '%s\n' "$seen"
[ "$seen" = '* {
    persist;
}
web {
    path = "/jail/web";
}
append.conf: Trying to append to undefined parameter exec.start' ] || { echo "changed"; exit 1; }
