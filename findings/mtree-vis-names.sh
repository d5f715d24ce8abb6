#!/bin/sh
# bsdtar reads mtree(8)'s own output and invents file names, with status 0
#
# Version: libarchive 3.6.2 (Debian 3.6.2-1+deb12u5), mtree-netbsd 20180822 (Debian 20180822-7).
# Seen:    mtree -c writes `café` as `caf\M-C\M-)`, `#` as `\#` and a DEL as `\^?`: vis(3), style of C. bsdtar decodes
#          \s, \n and octal codes, keeps the rest as it stands, and so lists and archives files named
#          `caf\M-C\M-)`, `c\#d` and `del\^?`. Read back by mtree itself the same file names the real ones.
# Source:  mtree(8) of NetBSD and FreeBSD: names are encoded with vis(3). mtree(5) of libarchive, "General Format",
#          knows the backslash with three octal digits alone; archive_read_support_format_mtree.c, parse_escapes().
# Guess:   `tar -cf base.tar @METALOG` takes what `mtree -c` writes; both programs are in FreeBSD's base.
#
# Leaves with 77 where Debian 12's packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download libarchive-tools=3.6.2-1+deb12u5 libarchive13=3.6.2-1+deb12u5 mtree-netbsd=20180822-7 \
    libxml2 libicu72 libnettle8 liblz4-1 libmd0 || skip "no such packages"
for package in *.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$here"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH LC_ALL=C.UTF-8

mkdir tree
touch tree/café "tree/c#d" "tree/del$(printf '\177')" "tree/a b"
# By its first line libarchive knows the format for certain; to mtree it is a comment.
{ echo '#mtree'; root/usr/bin/mtree -c -p tree -k type; } >tree.mtree
seen=$(
    echo "mtree writes:"
    # Not shown: the comments, which have the day, and empty lines.
    sed '/^#/d; /^$/d; s/ *$//' tree.mtree
    echo "mtree checks: $(root/usr/bin/mtree -p tree -f tree.mtree && echo no difference)"
    echo "bsdtar takes:"
    root/usr/bin/bsdtar -cf tree.tar @tree.mtree
    python3 -c 'import tarfile
for member in tarfile.open("tree.tar"): print("   ", member.name)'
)
printf "%s\n" "$seen"
[ "$seen" = 'mtree writes:
/set type=file
.               type=dir
    a\sb
    c\#d
    caf\M-C\M-)
    del\^?
mtree checks: no difference
bsdtar takes:
    .
    a b
    c\#d
    caf\M-C\M-)
    del\^?' ] || { echo "changed"; exit 1; }
