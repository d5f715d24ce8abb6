#!/bin/sh
# `ip -batch`: a `#` ends the line in the middle of a word, and inside quotes too
#
# Version: iproute2 6.1.0 (Debian 6.1.0-3).
# Seen:    `ip link set dev lo alias rack#3` gives the alias rack#3. The same words in a file of -batch give the alias rack,
#          without a word and with exit status 0. In quotes the `#` takes the closing quote along, and all of the file
#          behind that line is not run. A backslash before the `#` does not help, and stands in the alias.
# Source:  ip(8): -batch reads commands from the file and invokes them; neither comments nor quotes are mentioned.
#          iproute2, lib/utils.c, getcmdline(), cuts each line at its first `#`.
# Guess:   A comment begins a word, as for sh(1), whose quotes the same file knows.
#
# Needs the right to make a network namespace; leaves with 77 where it or Debian 12's packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
unshare -n true 2>/dev/null || skip "no right to make a network namespace"
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download iproute2=6.1.0-3 libbpf1 libelf1 libmnl0 libbsd0 libmd0 libcap2 ||
    skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$here"/root/usr/lib/*-linux-gnu):$(echo "$here"/root/lib/*-linux-gnu)
export LD_LIBRARY_PATH

cat >bare <<'IN'
link set dev lo alias rack#3
IN
cat >escaped <<'IN'
link set dev lo alias rack\#3
IN
cat >quoted <<'IN'
link set dev lo alias "rack #3"
link set dev lo up
IN
# The alias ends with the namespace.
seen=$(unshare -n sh -u <<'IN'
alias() { root/bin/ip link show dev lo | sed -n 's/^ *alias //p'; }
root/bin/ip link set dev lo alias rack#3
echo "command line: $(alias)"
for file in bare escaped quoted; do
    root/bin/ip link set dev lo alias old
    said=$(root/bin/ip -batch $file 2>&1)
    echo "$file: status $?, alias $(alias)${said:+, $said}"
done
echo "lo is $(root/bin/ip -o link show dev lo | grep -q 'UP' && echo up || echo down)"
IN
)
printf '%s\n' "$seen"
[ "$seen" = 'command line: rack#3
bare: status 0, alias rack
escaped: status 0, alias rack\
quoted: status 1, alias old, Unterminated quoted string
lo is down' ] || { echo "changed"; exit 1; }
