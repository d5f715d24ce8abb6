#!/bin/sh
# clap_complete for bash: `tool jail set` is completed with the options of `tool jail-set`
#
# Version: clap_complete 4.6.12 with clap 4.6.9 (crates.io).
# Seen:    A command with a subcommand `jail` that has a subcommand `set`, and with a subcommand `jail-set`. Both have
#          the state tool__subcmd__jail__subcmd__set in the script, so the later `case` is never reached: behind
#          `tool jail set` bash offers --name, which clap itself refuses there, and never --force.
# Source:  clap_complete's documentation of Bash names no restriction. The separator was made `__subcmd__`, so that a
#          hyphen could no longer be taken for the step to a subcommand, but a hyphen becomes the separator too.
#          clap-rs/clap, issues 6421 and 6529, have the hyphen in the program's own name, not this.
# Guess:   The longer separator ended such mix-ups. The scripts for fish and zsh have none.
#
# Needs bash and cargo; leaves with 77 where these or the crates are missing.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 130' HUP INT TERM

skip() { echo "skipped: $1"; exit 77; }
command -v cargo >/dev/null || skip "no cargo"
command -v bash >/dev/null || skip "no bash"
# A cargo home of its own, with the machine's configuration.
mkdir "$here/home"
cp "${CARGO_HOME:-$HOME/.cargo}"/config* "$here/home" 2>/dev/null || :
export CARGO_HOME="$here/home" CARGO_TARGET_DIR="$here/target" CARGO_PROFILE_DEV_DEBUG=0
cargo new -q --vcs none "$here/tool"
cd "$here/tool"
cargo add -q clap@=4.6.9 clap_complete@=4.6.12 2>/dev/null || skip "no such crates"

cat >src/main.rs <<'IN'
use clap::{Arg, ArgAction, Command};

fn main() {
    let set = |name: &'static str, option| {
        Command::new(name).arg(Arg::new("option").long(option).action(ArgAction::SetTrue))
    };
    let mut tool = Command::new("tool")
        .subcommand(Command::new("jail").subcommand(set("set", "force")))
        .subcommand(set("jail-set", "name"));
    if std::env::args().count() > 1 {
        tool.get_matches();
    } else {
        clap_complete::generate(clap_complete::Shell::Bash, &mut tool, "tool", &mut std::io::stdout());
    }
}
IN
cargo build -q
"$here/target/debug/tool" >tool.bash
cat >complete.bash <<'IN'
source tool.bash
offered() {
    COMP_WORDS=("$@" --) COMP_CWORD=$# COMPREPLY=()
    _tool tool -- "${@: -1}"
    echo "$* --: ${COMPREPLY[*]}"
}
offered tool jail-set
offered tool jail set
IN
seen=$(
    bash complete.bash
    "$here/target/debug/tool" jail set --name 2>&1 | head -n 1
    "$here/target/debug/tool" jail set --force && echo "tool jail set --force: taken"
)
printf '%s\n' "$seen"
[ "$seen" = "tool jail-set --: --name --help
tool jail set --: --name --help
error: unexpected argument '--name' found
tool jail set --force: taken" ] || { echo "changed"; exit 1; }
