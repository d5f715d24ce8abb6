//! The command lines of kletka itself and of the commands that FreeBSD does not have.

use super::table::Word::{Any, Assignment, Configured, Directory, File, Page, Parameter, Program};
use super::table::{Flag, Grammar, each, first, flag, with};

/// The binary under its own name. Its other verbs are the applets.
pub(crate) static KLETKA: Grammar = Grammar {
    usage: &["kletka APPLET [ARGUMENT ...]", "kletka help [APPLET]", "kletka version"],
    verbs: &[
        Grammar {
            called: "kletka: help",
            usage: &["kletka help [APPLET | PAGE]"],
            rules: &[first(&[Page])],
            ..Grammar::verb("help", "list the applets, or show a manual page")
        },
        Grammar {
            called: "kletka: version",
            usage: &["kletka version"],
            takes_none: true,
            ..Grammar::verb("version", "print the version")
        },
    ],
    ..Grammar::new("kletka")
};

pub(crate) static BOOTSTRAP: Grammar = Grammar {
    called: "kletka: bootstrap",
    usage: &[
        "kletka bootstrap [-v] [--suite SUITE] [--include PKG[,PKG ...]] [--bases DIR] [--root DIR] BASE",
    ],
    flags: &[
        flag("-v", "show what programs say"),
        with("--suite", "suite", Any, "this suite of Debian"),
        with("--include", "packages", Any, "with these packages"),
        with("--bases", "directory", Directory, "keep bases there"),
        with("--root", "directory", Directory, "make the root of a jail here"),
    ],
    permutes: true,
    ..Grammar::new("bootstrap")
};

/// The option that chooses the configuration.
const OF_FILE: Flag = with("-f", "file", File, "this configuration");

pub(crate) static CONFIG: Grammar = Grammar {
    called: "kletka: config",
    verbs: &[
        Grammar {
            called: "kletka: config",
            usage: &["kletka config check [FILE ...]"],
            permutes: true,
            rules: &[each(&[File])],
            ..Grammar::verb("check", "print what is wrong, by file and line")
        },
        Grammar {
            called: "kletka: config",
            usage: &["kletka config fmt [-w | --check] [FILE ...]"],
            flags: &[flag("-w", "replace files"), flag("--check", "list files that differ")],
            permutes: true,
            rules: &[each(&[File])],
            ..Grammar::verb("fmt", "print files in one layout")
        },
        Grammar {
            called: "kletka: config",
            usage: &["kletka config get [-f FILE] [--json] JAIL [PARAM]"],
            flags: &[OF_FILE, flag("--json", "as JSON")],
            permutes: true,
            rules: &[first(&[Configured]), each(&[Parameter])],
            ..Grammar::verb("get", "print the parameters of a jail")
        },
        Grammar {
            called: "kletka: config",
            usage: &["kletka config set [-f FILE] JAIL PARAM[=VALUE] | PARAM+=VALUE | -PARAM ..."],
            flags: &[OF_FILE],
            rules: &[first(&[Configured]), each(&[Assignment])],
            ..Grammar::verb("set", "change parameters of a jail in its file")
        },
    ],
    only_verbs: true,
    ..Grammar::new("config")
};

pub(crate) static DOCTOR: Grammar = Grammar {
    called: "kletka: doctor",
    usage: &["kletka doctor [--mend]"],
    flags: &[flag("--mend", "jails without a record are adopted or ended")],
    takes_none: true,
    permutes: true,
    ..Grammar::new("doctor")
};

pub(crate) static INSTALL: Grammar = Grammar {
    called: "kletka: install",
    usage: &[
        "kletka install --prefix DIR [--destdir DIR | --freebsd-paths]",
        "kletka install --remove [--prefix DIR]",
    ],
    flags: &[
        with("--prefix", "directory", Directory, "put everything there"),
        with("--destdir", "directory", Directory, "put it below this directory for now"),
        flag("--freebsd-paths", "link jail and its kin into /usr/sbin, too"),
        flag("--remove", "take away what was installed"),
    ],
    takes_none: true,
    permutes: true,
    ..Grammar::new("install")
};

pub(crate) static NET: Grammar = Grammar {
    called: "kletka: net",
    verbs: &[Grammar {
        called: "kletka: net guard",
        usage: &["kletka net guard SECONDS COMMAND [ARGUMENT ...]", "kletka net guard --confirm"],
        flags: &[
            flag("--confirm", "the host can still be reached"),
            // By this word the guard calls itself, with a command line that has been read.
            Flag { is_hidden: true, ends: true, ..flag("--detached", "") },
        ],
        rules: &[first(&[Any]), each(&[Program(1)])],
        ..Grammar::verb("guard", "run a command, and undo what cuts the host off")
    }],
    only_verbs: true,
    ..Grammar::new("net")
};
