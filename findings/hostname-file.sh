#!/bin/sh
# `hostname -F`: of one file Debian's hostname takes the first name and busybox the last one
#
# Version: hostname 3.23+nmu1, busybox 1.35.0 (Debian 1:1.35.0-4+deb12u1+b1).
# Seen:    Of a file of two lines with names, with comments before each, the one program sets the first name and the other
#          the last. A comment behind the name on its line is part of an invalid name for the one, and cut off by the other.
#          A dot at the end is invalid for the one, and part of the name for the other.
# Source:  hostname(1): -F reads the host name from the file, and comments, lines that begin with a #, are ignored.
#          busybox's help says -F FILE and no more. hostname(5) of systemd: one name, comments and empty lines ignored.
# Guess:   Two programs of one option read one format; a second name is an error, or is not looked at.
#
# Needs the right to make a UTS namespace; leaves with 77 where it or Debian 12's packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
unshare -u true 2>/dev/null || skip "no right to make a UTS namespace"
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download hostname=3.23+nmu1 busybox-static=1:1.35.0-4+deb12u1+b1 || skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done

printf '# the name of this machine\nweb\n# and what it was\nold\n' >two
printf 'web # at home\n' >behind
printf 'web.example.org.\n' >dot
# The names end with the namespace.
seen=$(unshare -u sh -u <<'IN'
for file in two behind dot; do
    for program in root/bin/hostname "root/bin/busybox hostname"; do
        $program before
        said=$($program -F $file 2>&1)
        echo "$file, ${program#root/bin/}: status $?, $(uname -n)${said:+, $said}"
    done
done
IN
)
printf '%s\n' "$seen"
[ "$seen" = 'two, hostname: status 0, web
two, busybox hostname: status 0, old
behind, hostname: status 1, before, hostname: the specified hostname is invalid
behind, busybox hostname: status 0, web
dot, hostname: status 1, before, hostname: the specified hostname is invalid
dot, busybox hostname: status 0, web.example.org.' ] || { echo "changed"; exit 1; }
