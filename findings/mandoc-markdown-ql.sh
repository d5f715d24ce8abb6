#!/bin/sh
# mandoc -T markdown: after the first `.Ql` of a page nothing is escaped any more
#
# Version: mandoc 1.14.6 (Debian 1.14.6-1+b1).
# Seen:    Before `.Ql` the text `<jail>` comes out as `&lt;jail&gt;` and an unbreakable space as `&#160;`. Behind it,
#          to the end of the page, `<jail>` comes out as it stands, which a renderer takes for HTML and hides, and the
#          space comes out as the byte 0x1f, mandoc's own mark for it: "exits0 on success" with `.Ex -std`. `.Li`, which
#          becomes a code span as well, has no such effect.
# Source:  mandoc(1), "Markdown Output"; mdoc(7), .Ql: an in-line literal, with no word on what follows.
#          mdoc_markdown.c, md_pre_raw() and md_post_raw(), count open code spans by the first character of a macro's
#          marks. The marks of .Ql begin with a quote and end with one: its end is counted, its begin is not, and the
#          count stays at -1.
# Guess:   A code span ends where its macro ends. XML 1.0 forbids 0x1f, so tools behind the renderer refuse the page.
#
# Leaves with 77 where Debian 12's package is missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM
cd "$here"

skip() { echo "skipped: $1"; exit 77; }
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o Dir::State::Lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
$apt update && $apt download mandoc=1.14.6-1+b1 || skip "no such package"
dpkg-deb -x mandoc_*.deb root

# A page whose one section has the same text before and after a literal.
page() {
    printf '.Dd November 1, 2026\n.Dt JLS 8\n.Os\n.Sh NAME\n.Nm jls\n.Nd list jails\n.Sh DESCRIPTION\n'
    printf 'Before <jail>.\n.%s jls\nBehind <jail>.\n.Ex -std\n' "$1"
}
seen=$(
    for macro in Li Ql; do
        echo "$macro:"
        # As cat -v shows it: ^_ is 0x1f.
        page $macro | root/usr/bin/mandoc -T markdown | grep -e Before -e jls -e Behind -e exits | cat -v | sed 1,2d
    done
)
printf '%s\n' "$seen"
[ "$seen" = "Li:
\`jls\`
Behind &lt;jail&gt;.
The **jls** utility exits&#160;0 on success, and&#160;&gt;0 if an error occurs.
Ql:
'\`jls\`'
Behind <jail>.
The **jls** utility exits^_0 on success, and^_>0 if an error occurs." ] || { echo "changed"; exit 1; }
