#!/bin/sh
# sysctl -p: a `-` before a line of sysctl.conf(5) has no effect
#
# Version: procps 4.0.2 (Debian 2:4.0.2-3).
# Seen:    A line whose value the kernel refuses, and a line whose name is not there, print the same message and leave the
#          same exit status 1 with a `-` and without one. Only -e mends the second, for all lines of all files.
# Source:  sysctl.conf(5): of a line that begins with a single `-`, attempts to set the value that fail are ignored.
#          systemd-sysctl(8), which reads the same folders, does so: sysctl.d(5), systemd/systemd, pull request 13191.
# Guess:   What the program's own page says; a file that `sysctl --system` fails on fails at boot as well.
#
# Needs the right to make a network namespace; leaves with 77 where it or Debian 12's package is missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
unshare -n true 2>/dev/null || skip "no right to make a network namespace"
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download procps=2:4.0.2-3 libproc2-0=2:4.0.2-3 || skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$here"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH

# The values are of the namespace, and end with it.
seen=$(unshare -n sh -u <<'IN'
for line in net.ipv4.ip_forward=on net.ipv4.no_such_name=1; do
    for mark in "" -; do
        echo "$mark$line" >sysctl.conf
        said=$(root/sbin/sysctl -p sysctl.conf 2>&1)
        echo "$mark$line: status $?, $said"
    done
done
IN
)
printf '%s\n' "$seen"
[ "$seen" = 'net.ipv4.ip_forward=on: status 1, sysctl: setting key "net.ipv4.ip_forward": Invalid argument
-net.ipv4.ip_forward=on: status 1, sysctl: setting key "net.ipv4.ip_forward": Invalid argument
net.ipv4.no_such_name=1: status 1, sysctl: cannot stat /proc/sys/net/ipv4/no_such_name: No such file or directory
-net.ipv4.no_such_name=1: status 1, sysctl: cannot stat /proc/sys/net/ipv4/no_such_name: No such file or directory' ] ||
    { echo "changed"; exit 1; }
