#!/bin/sh
# `mount -o bind,ro` of busybox and of toybox: a bind mount that can be written to, and status 0
#
# Version: busybox 1.35.0 (Debian 1:1.35.0-4+deb12u1+b1), toybox 0.8.9 (Debian 0.8.9+dfsg-1).
# Seen:    The one mount(2) call has MS_BIND and MS_RDONLY. The kernel ignores MS_RDONLY there. Neither program
#          makes a second call, and neither says a word. The same holds for nosuid, nodev and noexec.
# Source:  mount(2), "Creating a bind mount": the other bits of mountflags are ignored. mount(8) of util-linux,
#          "Bind mount operation", says that since 2.27 it makes a second, remounting call for these options.
#          `busybox mount --help` lists bind and ro without a restriction.
# Guess:   A script's `mount -o bind,ro` means the same with each of the three programs.
#
# Needs root and mount namespaces; leaves with 77 where these or Debian 12's packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
unshare -m true 2>/dev/null || skip "no right to make a mount namespace"
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download busybox-static=1:1.35.0-4+deb12u1+b1 toybox=0.8.9+dfsg-1 || skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done

# The mounts end with the namespace.
seen=$(unshare -m sh -eu <<'IN'
mkdir tree
mount -t tmpfs tree tree
mkdir tree/from tree/to
for mount in mount "root/bin/busybox mount" "root/bin/toybox mount"; do
    $mount -o bind,ro,noexec tree/from tree/to
    options=$(awk -v to="$PWD/tree/to" '$5 == to { print $6 }' /proc/self/mountinfo)
    if touch tree/to/file 2>/dev/null; then writable=writable; else writable=read-only; fi
    echo "${mount#root/bin/}: $options, $writable"
    umount tree/to
done
IN
)
printf "%s\n" "$seen"
[ "$seen" = "mount: ro,noexec,relatime, read-only
busybox mount: rw,relatime, writable
toybox mount: rw,relatime, writable" ] || { echo "changed"; exit 1; }
