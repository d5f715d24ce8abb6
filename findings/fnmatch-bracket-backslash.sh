#!/bin/sh
# fnmatch(3): in a bracket expression a backslash quotes with glibc and is itself with musl
#
# Version: musl 1.2.3 (Debian 1.2.3-1) and glibc 2.36, one C program built with each; flags 0.
# Seen:    `[a\-z]` has three members with glibc (a, -, z) and is the range from \ to z, with a, in musl: `b` matches,
#          `-` does not. `[\]]` is one `]` with glibc; with musl it is a backslash with a `]` behind. So a static binary
#          made with musl matches other names than the same program of the distribution.
# Source:  fnmatch(3): without FNM_NOESCAPE a backslash quotes the character behind it. POSIX.1-2024, XCU 2.14.1, quotes
#          by a backslash too and makes no exception for brackets; XBD 9.3.5, brackets of regular expressions, takes
#          it for itself. FreeBSD's fnmatch.c, rangematch(), goes with glibc.
# Guess:   FNM_NOESCAPE decides. With that flag both libraries answer alike; musl answers so without it, too.
#
# Needs gcc on x86-64 with glibc; leaves with 77 where these or Debian 12's packages are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
command -v gcc >/dev/null || skip "no gcc"
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || skip "the C library is not glibc"
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download musl-dev=1.2.3-1 || skip "no such package"
dpkg-deb -x musl-dev_*.deb root

cat >match.c <<'IN'
#include <fnmatch.h>
#include <stdio.h>

int main(void) {
    static const char *const cases[][2] = {{"[a\\-z]", "-"}, {"[a\\-z]", "b"}, {"[\\]]", "]"}, {"[\\]]", "\\]"}};
    for (int flags = 0; flags <= FNM_NOESCAPE; flags += FNM_NOESCAPE) {
        printf("%s", flags ? " | FNM_NOESCAPE:" : "");
        for (int i = 0; i < 4; i++)
            printf(" %s %s %s;", cases[i][0], fnmatch(cases[i][0], cases[i][1], flags) ? "not" : "has", cases[i][1]);
    }
    puts("");
    return 0;
}
IN
gcc -o match-glibc match.c
musl=$(echo root/usr/lib/*-linux-musl)
gcc -static -nostdinc -isystem root/usr/include/*-linux-musl -isystem "$(gcc -print-file-name=include)" -nostdlib \
    -o match-musl "$musl/crt1.o" "$musl/crti.o" match.c -L"$musl" -lc -lgcc "$musl/crtn.o"
seen="glibc:$(./match-glibc)
musl: $(./match-musl)"
echo "$glibc"
printf '%s\n' "$seen"
[ "$seen" = 'glibc: [a\-z] has -; [a\-z] not b; [\]] has ]; [\]] not \]; | FNM_NOESCAPE: [a\-z] not -; [a\-z] has b;'\
' [\]] not ]; [\]] has \];
musl:  [a\-z] not -; [a\-z] has b; [\]] not ]; [\]] has \]; | FNM_NOESCAPE: [a\-z] not -; [a\-z] has b;'\
' [\]] not ]; [\]] has \];' ] || { echo "changed"; exit 1; }
