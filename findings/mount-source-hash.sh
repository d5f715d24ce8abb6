#!/bin/sh
# getmntent(3) of glibc: a mount source with a `#` comes back with the text `\043` in it
#
# Version: glibc 2.36 of Debian 12 below psutil 7.2.2 (PyPI); Linux 6.18, and since 6.0.
# Seen:    The kernel writes `a#b` as `a\043b` in /proc/self/mounts. getmntent(3) decodes \040, \011, \012 and \134
#          and leaves \043 alone, so psutil.disk_partitions() names a source that does not exist. libmount (findmnt)
#          decodes every octal code and has `a#b`.
# Source:  Linux commit ed5fce76b5ea, "vfs: escape hash as well": it was made because getmntent(3) took a line whose
#          source begins with `#` for a comment. getmntent(3) names the four codes; in glibc misc/mntent_r.c,
#          decode_name(), reads these and no others.
# Guess:   Since the kernel escapes `#` for getmntent(3)'s sake, getmntent(3) undoes it.
#
# Needs root, mount namespaces, findmnt and glibc; leaves with 77 where these or the package are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
unshare -m true 2>/dev/null || skip "no right to make a mount namespace"
command -v findmnt >/dev/null || skip "no findmnt"
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || skip "the C library is not glibc"
pip install -q --no-cache-dir --root-user-action=ignore --target packages psutil==7.2.2 || skip "no psutil 7.2.2"

# The mount ends with the namespace.
export PYTHONPATH="$here/packages" PYTHONDONTWRITEBYTECODE=1
seen=$(unshare -m sh -eu <<'IN'
mkdir to
mount -t tmpfs 'a#b' to
printf "kernel:  %s\n" "$(awk -v to="$PWD/to" '$2 == to { print $1 }' /proc/self/mounts)"
echo "findmnt: $(findmnt -no SOURCE to)"
python3 -c 'import os, psutil
print("psutil: ", *[p.device for p in psutil.disk_partitions(all=True) if p.mountpoint == os.path.abspath("to")])'
IN
)
echo "$glibc"
printf "%s\n" "$seen"
[ "$seen" = 'kernel:  a\043b
findmnt: a#b
psutil:  a\043b' ] || { echo "changed"; exit 1; }
