//! The command lines of sysctl(8), devfs(8), mount(8), umount(8) and ps(1).

use super::table::Word::{Any, Choice, Directory, File, Mounted, Oid, Ruleset, Running};
use super::table::{Flag, Grammar, Word, each, flag, hidden, with};

pub(crate) static SYSCTL: Grammar = Grammar {
    usage: &["sysctl [-dehiNnoqtwx] [-f filename] name[=value] ...", "sysctl [-dehNnoqtwx] -a"],
    flags: &[
        flag("-a", "every name"),
        flag("-d", "say what a value is, and not the value"),
        flag("-e", "a = between name and value"),
        with("-f", "file", File, "read names and values from this file"),
        flag("-h", "does nothing"),
        flag("-i", "do not name unknown names, which are no failure"),
        flag("-N", "names without values"),
        flag("-n", "values without names"),
        flag("-o", "does nothing"),
        flag("-q", "do not name unknown names"),
        flag("-t", "say of which type a value is, and not the value"),
        flag("-w", "does nothing"),
        flag("-x", "does nothing"),
        hidden("-A"),
        hidden("-X"),
    ],
    refused: "bBFlTW",
    rules: &[each(&[Oid])],
    ..Grammar::new("sysctl")
};

pub(crate) static DEVFS: Grammar = Grammar {
    flags: &[with("-m", "mount-point", Directory, "the /dev of a jail that runs, as PATH/dev")],
    verbs: &[
        Grammar {
            called: "devfs rule",
            flags: &[with("-s", "ruleset", Ruleset, "the number of the ruleset")],
            verbs: &[
                rule_verb(
                    "add",
                    &["devfs [-m mount-point] rule [-s ruleset] add [rulenum] rulespec"],
                    "add a rule to a ruleset; - reads rules from standard input",
                ),
                rule_verb(
                    "apply",
                    &["devfs [-m mount-point] rule [-s ruleset] apply rulenum | rulespec"],
                    "apply one rule to the /dev of a jail",
                ),
                rule_verb(
                    "applyset",
                    &["devfs [-m mount-point] rule [-s ruleset] applyset"],
                    "apply a ruleset to the /dev of a jail",
                ),
                rule_verb(
                    "del",
                    &["devfs [-m mount-point] rule [-s ruleset] del rulenum"],
                    "delete a rule",
                ),
                rule_verb(
                    "delset",
                    &["devfs [-m mount-point] rule [-s ruleset] delset"],
                    "delete all rules of a ruleset",
                ),
                rule_verb(
                    "show",
                    &["devfs [-m mount-point] rule [-s ruleset] show [rulenum]"],
                    "print the rules of a ruleset",
                ),
                rule_verb(
                    "showsets",
                    &["devfs [-m mount-point] rule showsets"],
                    "print the numbers of all rulesets",
                ),
            ],
            ..Grammar::verb("rule", "show, change and apply rules")
        },
        Grammar {
            called: "devfs ruleset",
            usage: &["devfs [-m mount-point] ruleset ruleset"],
            rules: &[each(&[Ruleset])],
            ..Grammar::verb("ruleset", "give the /dev of a jail another ruleset")
        },
        Grammar {
            usage: &["devfs update"],
            takes_none: true,
            ..Grammar::verb("update", "show jails the devices that have come to the host")
        },
    ],
    ..Grammar::new("devfs")
};

/// A verb of `devfs rule`.
const fn rule_verb(
    name: &'static str,
    usage: &'static [&'static str],
    about: &'static str,
) -> Grammar {
    Grammar { called: "devfs rule", usage, ..Grammar::verb(name, about) }
}

/// The types of file systems that are mounted.
const TYPE: Word = Choice(&["nullfs", "tmpfs"]);
const OF_TYPE: Flag = with("-t", "type", TYPE, "only file systems of this type");
const FSTAB: Flag = with("-F", "file", File, "this file in place of /etc/fstab");

pub(crate) static MOUNT: Grammar = Grammar {
    usage: &[
        "mount [-pv] [-t nullfs | tmpfs]",
        "mount [-rvw] [-o options] -t nullfs | tmpfs special node",
        "mount -a [-lv] [-F fstab] [-t nullfs | tmpfs]",
    ],
    flags: &[
        flag("-a", "mount all lines of the file"),
        FSTAB,
        flag("-l", "lines with the option late, too"),
        with("-o", "options", Any, "options of the mount, with commas between them"),
        flag("-p", "list as lines of fstab(5)"),
        flag("-r", "read-only"),
        with("-t", "type", TYPE, "the type of the file system"),
        flag("-v", "say more of what is mounted"),
        flag("-w", "to be written, too"),
    ],
    refused: "dfLnu",
    permutes: true,
    rules: &[each(&[Directory])],
    ..Grammar::new("mount")
};

pub(crate) static MOUNT_NULLFS: Grammar = Grammar {
    usage: &["mount_nullfs [-o options] target mount-point"],
    flags: &[with("-o", "options", Any, "options of the mount, with commas between them")],
    permutes: true,
    rules: &[each(&[Directory])],
    ..Grammar::new("mount_nullfs")
};

pub(crate) static UMOUNT: Grammar = Grammar {
    usage: &["umount [-fv] [-t type] special | node ...", "umount -a [-fv] [-F fstab] [-t type]"],
    flags: &[
        flag("-a", "unmount all lines of the file"),
        FSTAB,
        flag("-f", "even if it is in use"),
        OF_TYPE,
        flag("-v", "say what is unmounted"),
    ],
    refused: "AhNn",
    permutes: true,
    rules: &[each(&[Mounted])],
    ..Grammar::new("umount")
};

/// The options behind the first are FreeBSD's, and the command itself reads them.
pub(crate) static PS: Grammar = Grammar {
    usage: &["ps -J jail [options]"],
    flags: &[
        with("-J", "jail", Running, "the processes of this jail"),
        hidden("-a"),
        hidden("-A"),
        hidden("-c"),
        hidden("-d"),
        hidden("-e"),
        hidden("-f"),
        hidden("-H"),
        hidden("-j"),
        hidden("-l"),
        hidden("-m"),
        hidden("-o"),
        hidden("-O"),
        hidden("-r"),
        hidden("-S"),
        hidden("-u"),
        hidden("-v"),
        hidden("-w"),
        hidden("-x"),
        hidden("-X"),
    ],
    permutes: true,
    ..Grammar::new("ps")
};

pub(crate) static PGREP: Grammar = Grammar {
    usage: &["pgrep -j jail [options] pattern"],
    flags: OF_PGREP,
    permutes: true,
    ..Grammar::new("pgrep")
};

pub(crate) static PKILL: Grammar = Grammar {
    usage: &["pkill [signal] -j jail [options] pattern"],
    flags: OF_PGREP,
    permutes: true,
    ..Grammar::new("pkill")
};

/// The options behind the first are those of the host's pgrep(1), and the letters of signals.
const OF_PGREP: &[Flag] = &[
    with("-j", "jail", Running, "only processes of this jail"),
    hidden("-a"),
    hidden("-K"),
    hidden("-E"),
    hidden("-R"),
    hidden("-M"),
    hidden("-H"),
    hidden("-P"),
    hidden("-S"),
    hidden("-T"),
    hidden("-O"),
    hidden("-C"),
    hidden("-Q"),
    hidden("-W"),
    hidden("-0"),
    hidden("-1"),
    hidden("-2"),
    hidden("-3"),
    hidden("-4"),
    hidden("-5"),
    hidden("-6"),
    hidden("-7"),
    hidden("-8"),
    hidden("-9"),
    hidden("-f"),
    hidden("-F"),
    hidden("-g"),
    hidden("-G"),
    hidden("-i"),
    hidden("-I"),
    hidden("-l"),
    hidden("-L"),
    hidden("-n"),
    hidden("-N"),
    hidden("-o"),
    hidden("-q"),
    hidden("-s"),
    hidden("-t"),
    hidden("-u"),
    hidden("-U"),
    hidden("-v"),
    hidden("-x"),
];
