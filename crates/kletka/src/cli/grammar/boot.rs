//! The command lines of service(8) and sysrc(8).

use super::table::Word::{
    Any, Choice, Configured, Directory, File, Interface, Program, Running, Variable,
};
use super::table::{Grammar, Rule, each, first, flag, with};

/// Options and usage in the words of FreeBSD's service(8), which prints them for `-h`.
pub(crate) static SERVICE: Grammar = Grammar {
    usage: &[
        "service [-j <jail name or id>] -e",
        "service -j <jail name or id> -R",
        "service [-j <jail name or id>] [-v] -l | -r",
        "service [-j <jail name or id>] [-v] <rc.d script> start|stop|etc.",
        "service -h",
    ],
    complaint: Some(service_usage),
    flags: &[
        with("-j", "jail", Running, "Perform actions within the named jail"),
        flag("-e", "Show services that are enabled"),
        flag("-l", "List all scripts in /etc/rc.d and /usr/local/etc/rc.d"),
        flag("-r", "Show the results of boot time rcorder"),
        flag("-R", "Stop and start enabled /usr/local/etc/rc.d services"),
        flag("-v", "Verbose"),
        flag("-h", "Print the usage alone"),
    ],
    refused: "E",
    rules: &[
        // With -j the service is one of the jail's, whose names are not known on the host.
        first(&[Any]).with(&["-j"]),
        each(&[Choice(IN_JAIL)]).with(&["-j"]),
    ],
    verbs: &[
        Grammar {
            called: "service devfs",
            usage: &["service [-v] devfs [fast|force|one|quiet]verb"],
            prefixes: PREFIXES,
            verbs: &PLAIN,
            ..Grammar::verb("devfs", "read the rulesets of devices, for the jails that run too")
        },
        Grammar {
            called: "service netif",
            usage: &["service [-v] netif [fast|force|one|quiet]verb [interface ...]"],
            prefixes: PREFIXES,
            verbs: &OF_NETIF,
            ..Grammar::verb("netif", "make and destroy interfaces of the host")
        },
        Grammar {
            called: "service jail",
            usage: &["service [-v] jail [fast|force|one|quiet]verb [name ...]"],
            prefixes: PREFIXES,
            verbs: &OF_JAIL,
            ..Grammar::verb("jail", "start and stop jails")
        },
    ],
    ..Grammar::new("service")
};

/// Writes the usage as FreeBSD's service(8) does.
pub(crate) fn service_usage() -> String {
    let forms = SERVICE.forms().join("\n");
    // The line of -h is not in FreeBSD's text.
    let rows = SERVICE.flags.iter().filter(|flag| flag.name != "-h");
    let rows: String = rows.map(|flag| format!("{}\t{}\n", flag.name, flag.about)).collect();
    format!("\nUsage:\n{forms}\n\n{rows}\n")
}

/// The verbs of a jail's services.
#[rustfmt::skip]
const IN_JAIL: &[&str] = &[
    "start", "stop", "restart", "rcvar", "enable", "disable", "delete", "enabled", "describe",
    "extracommands", "status",
];

const PREFIXES: &[&str] = &["fast", "force", "one", "quiet"];

const fn verb(name: &'static str, about: &'static str, rules: &'static [Rule]) -> Grammar {
    Grammar { rules, ..Grammar::verb(name, about) }
}

const CONFIGURED: &[Rule] = &[each(&[Configured])];
const RUNNING: &[Rule] = &[each(&[Running])];
const CONSOLE: &[Rule] = &[first(&[Running]), each(&[Program(1)])];
const INTERFACES: &[Rule] = &[each(&[Interface])];

/// The verbs of every service, with what is offered behind `start`, `stop` and `restart`.
const fn plain([start, stop, restart]: [&'static [Rule]; 3]) -> [Grammar; 10] {
    [
        verb("start", "start, if the service is enabled", start),
        verb("stop", "stop, if the service is enabled", stop),
        verb("restart", "stop and start", restart),
        verb("rcvar", "show the variable that enables the service", &[]),
        verb("enable", "set the variable to YES, and start with the host", &[]),
        verb("disable", "set the variable to NO, and do not start with the host", &[]),
        verb("delete", "remove the variable", &[]),
        verb("enabled", "say by the exit status whether the service is enabled", &[]),
        verb("describe", "print what the service is", &[]),
        verb("extracommands", "list the verbs that only this service has", &[]),
    ]
}

static PLAIN: [Grammar; 10] = plain([&[], &[], &[]]);
static OF_NETIF: [Grammar; 12] = {
    let [start, stop, restart, rcvar, enable, disable, delete, enabled, describe, extra] =
        plain([INTERFACES, INTERFACES, INTERFACES]);
    let up = verb("cloneup", "make the interfaces of cloned_interfaces", &[]);
    let down = verb("clonedown", "destroy the interfaces of cloned_interfaces", &[]);
    [start, stop, restart, rcvar, enable, disable, delete, enabled, describe, extra, up, down]
};
static OF_JAIL: [Grammar; 14] = {
    let [start, stop, restart, rcvar, enable, disable, delete, enabled, describe, extra] =
        plain([CONFIGURED, RUNNING, RUNNING]);
    let config = verb("config", "print which file describes each jail", CONFIGURED);
    let console = verb("console", "run a command in a jail, at this terminal", CONSOLE);
    let status = verb("status", "list the jails that run", &[]);
    let poll = verb("poll", "does nothing", &[]);
    [
        start, stop, restart, rcvar, enable, disable, delete, enabled, describe, extra, config,
        console, status, poll,
    ]
};

/// Wrong usage prints the words of FreeBSD's sysrc(8).
pub(crate) static SYSRC: Grammar = Grammar {
    usage: &[
        "sysrc [OPTIONS] name[[+|-]=value] ...",
        "sysrc [OPTIONS] -a | -A",
        "sysrc [OPTIONS] -l",
    ],
    complaint: Some(sysrc_usage),
    flags: &[
        flag("-a", "every variable that a file sets"),
        flag("-A", "every variable, those of the defaults too"),
        flag("-c", "only say whether something would change"),
        flag("-d", "describe the variables"),
        flag("-D", "look at the defaults alone"),
        flag("-e", "as a file has it"),
        flag("-E", "only files that are there"),
        with("-f", "file", File, "this file; may be repeated"),
        flag("-F", "show the file of each variable"),
        flag("-h", "show how sysrc is called"),
        flag("-i", "do not name unknown variables"),
        with("-j", "jail", Running, "in this jail"),
        flag("-l", "list the files"),
        flag("-n", "values without names"),
        flag("-N", "names without values"),
        flag("-q", "say less"),
        with("-R", "directory", Directory, "in the tree below this directory"),
        with("-s", "service", Any, "with the files of this service"),
        flag("-v", "say which file each variable is in"),
        flag("-x", "remove the variables"),
    ],
    refused: "LX",
    rules: &[each(&[Variable])],
    ..Grammar::new("sysrc")
};

fn sysrc_usage() -> String {
    "Usage: sysrc [OPTIONS] {name[[+|-]=value] ... | -a | -A | -l | -L [name ...]}\n\
     Try `sysrc --help' for more information.\n"
        .to_owned()
}
