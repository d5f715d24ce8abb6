#!/bin/sh
# A mount without a source: getmntent(3) loses the mount, and lfs-core calls its source `rw`
#
# Version: glibc 2.36 below psutil 7.2.2 (PyPI), lfs-core 0.20.2 (crates.io); Linux 6.18.
# Seen:    mount(2) takes an empty source for a tmpfs. The kernel shows an empty field for it: two spaces in a row in
#          mountinfo, one at the line's begin in /proc/self/mounts. getmntent(3) skips the space and moves every field
#          by one: psutil.disk_partitions() has the mount point as device and `tmpfs` as mount point.
#          The crate lfs-core takes the next field, the options of the file system, for the source.
# Source:  proc_pid_mountinfo(5), field 10: the source "or none". fs/proc_namespace.c writes "none" only where the
#          pointer is NULL. util-linux, pull request 619, has findmnt's share of it, mended since; the change of the
#          kernel that was meant to follow never came.
# Guess:   The page is right, and there is a word in the field.
#
# Needs root, mount namespaces, cargo and glibc; leaves with 77 where these or the packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM

skip() { echo "skipped: $1"; exit 77; }
unshare -m true 2>/dev/null || skip "no right to make a mount namespace"
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || skip "the C library is not glibc"
command -v cargo >/dev/null || skip "no cargo"
pip install -q --no-cache-dir --root-user-action=ignore --target "$here/packages" psutil==7.2.2 || skip "no psutil 7.2.2"
# A cargo home of its own, with the machine's configuration.
mkdir "$here/home"
cp "${CARGO_HOME:-$HOME/.cargo}"/config* "$here/home" 2>/dev/null || :
export CARGO_HOME="$here/home" CARGO_TARGET_DIR="$here/target" CARGO_PROFILE_DEV_DEBUG=0
cargo new -q --vcs none "$here/mounts"
cd "$here/mounts"
cargo add -q lfs-core@=0.20.2 2>/dev/null || skip "no such crate"
cat >src/main.rs <<'IN'
fn main() {
    let point = std::path::absolute("to").unwrap();
    for mount in lfs_core::read_mounts(&lfs_core::ReadOptions::default()).unwrap() {
        if mount.info.mount_point == point {
            println!("lfs-core: source {:?} of to", mount.info.fs);
        }
    }
}
IN
cargo build -q

# The mount ends with the namespace.
cd "$here"
export PYTHONPATH="$here/packages" PYTHONDONTWRITEBYTECODE=1
seen=$(unshare -m sh -eu <<'IN'
mkdir to
mount -t tmpfs "" to
grep "$PWD/to " /proc/self/mountinfo | sed "s|.* - |kernel: |"
python3 -c 'import os, psutil
mine = [p for p in psutil.disk_partitions(all=True) if os.path.abspath("to") in p.device + " " + p.mountpoint]
print("psutil:", *["source %s of %s" % (p.device.rpartition("/")[2], p.mountpoint) for p in mine])'
target/debug/mounts
IN
)
echo "$glibc"
printf '%s\n' "$seen"
[ "$seen" = 'kernel: tmpfs  rw
psutil: source to of tmpfs
lfs-core: source "rw" of to' ] || { echo "changed"; exit 1; }
