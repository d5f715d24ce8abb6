#!/bin/sh
# The crate tar unpacks a file with holes under another name, with a table of numbers before its text
#
# Version: tar 0.4.46 (crates.io), on an archive of GNU tar --format=posix --sparse.
# Seen:    The archive's `kernel`, 1 MiB with one block of text, is unpacked as `GNUSparseFile.N/kernel`, 4608 bytes:
#          the map of the holes, and then the block. No error is raised. Its hard link `kernel.old` is refused, since
#          no `kernel` is there. Python's tarfile, GNU tar and bsdtar have the file as it was. The same file in
#          --format=gnu is unpacked whole by the crate as well.
# Source:  GNU tar's manual, "Storing Sparse Files", PAX format 1.0: GNU.sparse.name is the name, and the map stands in
#          the file's own blocks. bsdtar writes that form for every file with holes, unasked: FreeBSD's kernel.txz has
#          such an entry (jib/archive-tar-new, issue 34). The crate's pax.rs names the keywords, archive.rs uses none.
#          composefs/tar-rs, issue 295, has it with an archive of macOS; open since 2022.
# Guess:   A reader that does not know an extension refuses it, or at least keeps the name.
#
# Needs cargo, GNU tar, python3 and a file system with holes; leaves with 77 where these or the crate are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM

skip() { echo "skipped: $1"; exit 77; }
command -v cargo >/dev/null || skip "no cargo"
tar --version | grep -q GNU || skip "tar is not GNU tar"
# A cargo home of its own, with the machine's configuration.
mkdir "$here/home"
cp "${CARGO_HOME:-$HOME/.cargo}"/config* "$here/home" 2>/dev/null || :
export CARGO_HOME="$here/home" CARGO_TARGET_DIR="$here/target" CARGO_PROFILE_DEV_DEBUG=0
cargo new -q --vcs none "$here/untar"
cd "$here/untar"
cargo add -q tar@=0.4.46 2>/dev/null || skip "no such crate"
cat >src/main.rs <<'IN'
fn main() {
    let mut words = std::env::args().skip(1);
    let file = std::fs::File::open(words.next().unwrap()).unwrap();
    let folder = words.next().unwrap();
    for entry in tar::Archive::new(file).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let done = entry.unpack_in(&folder);
        println!("{name}: {}", if done.is_ok() { "unpacked" } else { "refused" });
    }
}
IN
cargo build -q

cd "$here"
mkdir boot
truncate -s 1M boot/kernel
printf text | dd of=boot/kernel bs=1 seek=524288 conv=notrunc 2>/dev/null
ln boot/kernel boot/kernel.old
for format in posix gnu; do
    tar --sparse --format=$format -C boot -cf $format.tar kernel kernel.old
done
cmp -s posix.tar gnu.tar && skip "the file has no holes here"
seen=$(
    for format in posix gnu; do
        mkdir $format
        echo "$format:"
        target/debug/untar $format.tar $format | sed 's/GNUSparseFile\.[0-9]*/GNUSparseFile.N/'
        find $format -type f -printf '%f has %s bytes\n' | sort
    done
    echo "posix, first bytes: $(head -c 24 posix/GNUSparseFile.*/kernel | xargs)"
    python3 -c 'import tarfile
print("posix, tarfile of Python:", *[(member.name, member.size) for member in tarfile.open("posix.tar")])'
)
printf '%s\n' "$seen"
[ "$seen" = "posix:
./GNUSparseFile.N/kernel: unpacked
kernel.old: refused
kernel has 4608 bytes
gnu:
kernel: unpacked
kernel.old: unpacked
kernel has 1048576 bytes
kernel.old has 1048576 bytes
posix, first bytes: 2 524288 4096 1048576 0
posix, tarfile of Python: ('kernel', 1048576) ('kernel.old', 0)" ] || { echo "changed"; exit 1; }
