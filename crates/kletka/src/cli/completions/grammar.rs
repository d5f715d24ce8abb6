//! The grammar of the command lines that are completed: which words may stand at each place.

use crate::cli::APPLETS;
use crate::cli::applet::Group;
use crate::cli::boot::service::{PLAIN, SCRIPTS};
use crate::cli::page::FURTHER;

/// The kind of a word, from which follows what is offered for it.
#[derive(PartialEq, Eq)]
pub(super) enum Word {
    /// Any text. Nothing is offered.
    Any,
    /// One of these.
    Choice(Vec<String>),
    /// The name of a jail that jail.conf(5) describes.
    Configured,
    /// The name of a jail that runs.
    Running,
    /// A parameter that jail(8) takes, with `=` where a value follows.
    Assignment,
    /// A parameter that jail(8) takes, without `=`.
    Parameter,
    /// A variable of rc.conf(5).
    Variable,
    /// An interface of the host.
    Interface,
    File,
    Directory,
    /// A user of the host.
    User,
    /// A command of the host with its own words. It stands behind this number of operands.
    Program(usize),
    /// An applet with its own words.
    Applet,
}

/// An option.
pub(super) struct Flag {
    /// The name, with its dashes.
    pub(super) name: &'static str,
    /// The value that follows the option: what it is called, and its kind.
    pub(super) value: Option<(&'static str, Word)>,
    pub(super) about: &'static str,
}

/// What is offered for an operand.
pub(super) struct Rule {
    /// A pattern of the shells for `OPTIONS:OPERANDS`, the words that stand before the operand.
    pub(super) when: &'static str,
    pub(super) offers: Vec<Word>,
}

/// A command line.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) flags: Vec<Flag>,
    /// Whether options may stand behind operands, too. With getopt(3) they may not.
    pub(super) permutes: bool,
    /// What is offered for operands. The first rule whose pattern fits is taken.
    pub(super) rules: Vec<Rule>,
    /// Commands that the first operand can name. The rest of the line follows their own grammar.
    pub(super) inner: Vec<Self>,
}

fn flag(name: &'static str, about: &'static str) -> Flag {
    Flag { name, value: None, about }
}

fn with(name: &'static str, called: &'static str, value: Word, about: &'static str) -> Flag {
    Flag { name, value: Some((called, value)), about }
}

fn rule(when: &'static str, offers: impl Into<Vec<Word>>) -> Rule {
    Rule { when, offers: offers.into() }
}

fn choice<'a>(words: impl IntoIterator<Item = &'a str>) -> Word {
    let mut known = Vec::new();
    for word in words {
        if !known.iter().any(|known| known == word) {
            known.push(word.to_owned());
        }
    }
    Word::Choice(known)
}

/// All commands that are completed.
pub(super) fn commands() -> Vec<Command> {
    vec![jail(), jls(), jexec(), service(), sysrc(), kletka()]
}

fn jail() -> Command {
    Command {
        name: "jail",
        flags: vec![
            flag("-c", "create"),
            flag("-m", "change"),
            flag("-r", "remove"),
            flag("-R", "remove, without the configuration"),
            flag("-C", "run what follows a removal"),
            with("-e", "separator", Word::Any, "print what is configured"),
            with("-f", "file", Word::File, "this configuration"),
            with("-J", "file", Word::File, "write the parameters to a file"),
            with("-n", "name", Word::Any, "the name of the jail"),
            with("-p", "limit", Word::Any, "so many jails at once"),
            with("-s", "level", Word::Any, "the securelevel of the jail"),
            with("-u", "user", Word::User, "run the command as this user of the host"),
            with("-U", "user", Word::User, "run the command as this user of the jail"),
            flag("-d", "does nothing any more"),
            flag("-h", "resolve host.hostname to addresses"),
            flag("-i", "print the number of the jail"),
            flag("-l", "run the command in a clean environment"),
            flag("-q", "say less"),
            flag("-v", "say more"),
            flag("--plan", "print what would be done"),
        ],
        rules: vec![
            // The options come first in a pattern: with -rc, which stops and starts, configured
            // jails are offered.
            rule("*-*[cm]*:*", [Word::Configured, Word::Assignment]),
            rule("*-*[rR]*:*", [Word::Running]),
            rule("*-*C*:*", [Word::Configured]),
            rule("*:", [Word::Directory]),
        ],
        permutes: false,
        inner: Vec::new(),
    }
}

fn jls() -> Command {
    let shown = choice(jailparam::shown().map(|parameter| parameter.name));
    Command {
        name: "jls",
        flags: vec![
            flag("-c", "only say by the exit status whether the jail runs"),
            flag("-d", "jails that are dying, too"),
            flag("-h", "a line with the names of parameters"),
            with("-j", "jail", Word::Running, "only this jail"),
            flag("-N", "names in place of numbers"),
            flag("-n", "name=value"),
            flag("-q", "quotes around values with spaces"),
            flag("-s", "as jail takes it"),
            flag("-v", "several lines for each jail"),
            flag("--diff", "where jails are not what their files say"),
            with("--libxo", "options", choice(["text", "json", "xml", "html"]), "another form"),
        ],
        rules: vec![rule("*--diff*:", [Word::Running]), rule("*:*", [shown])],
        permutes: false,
        inner: Vec::new(),
    }
}

fn jexec() -> Command {
    Command {
        name: "jexec",
        flags: vec![
            with("-d", "directory", Word::Any, "begin in this directory of the jail"),
            with("-e", "name=value", Word::Any, "add this to the environment"),
            flag("-l", "in a clean environment"),
            flag("-n", "does nothing"),
            with("-u", "user", Word::User, "as this user of the host"),
            with("-U", "user", Word::Any, "as this user of the jail"),
        ],
        rules: vec![rule("*:", [Word::Running]), rule("*:*", [Word::Program(1)])],
        permutes: false,
        inner: Vec::new(),
    }
}

fn service() -> Command {
    let verbs = |name: &str| {
        let script = SCRIPTS.iter().find(|script| script.name == name);
        choice(script.map_or(PLAIN, |script| script.keywords).iter().copied())
    };
    Command {
        name: "service",
        flags: vec![
            flag("-e", "list what is enabled"),
            flag("-h", "show how service is called"),
            with("-j", "jail", Word::Running, "in this jail"),
            flag("-l", "list services"),
            flag("-R", "restart what is enabled of /usr/local/etc/rc.d"),
            flag("-r", "list services in the order in which they start"),
            flag("-v", "say where a service is, too"),
        ],
        rules: vec![
            // With -j the service is one of the jail's, whose names are not known on the host.
            rule("*-*j*:", [Word::Any]),
            rule("*-*j*:*", [choice(PLAIN.iter().copied().chain(["status"]))]),
            rule("*:", [choice(SCRIPTS.iter().map(|script| script.name))]),
            rule("*:jail", [verbs("jail")]),
            rule("*:jail *@(stop|console)*", [Word::Running]),
            rule("*:jail *@(start|config)*", [Word::Configured]),
            rule("*:netif", [verbs("netif")]),
            rule("*:netif *", [Word::Interface]),
            rule("*:devfs", [verbs("devfs")]),
        ],
        permutes: false,
        inner: Vec::new(),
    }
}

fn sysrc() -> Command {
    Command {
        name: "sysrc",
        flags: vec![
            flag("-a", "every variable that a file sets"),
            flag("-A", "every variable"),
            flag("-c", "only say whether something would change"),
            flag("-d", "describe the variables"),
            flag("-D", "look at the defaults alone"),
            flag("-e", "as a file has it"),
            flag("-E", "only files that are there"),
            with("-f", "file", Word::File, "this file"),
            flag("-F", "show the file of each variable"),
            flag("-h", "show how sysrc is called"),
            flag("--help", "show how sysrc is called, at length"),
            flag("-i", "do not name unknown variables"),
            with("-j", "jail", Word::Running, "in this jail"),
            flag("-l", "list the files"),
            flag("-n", "values without names"),
            flag("-N", "names without values"),
            flag("-q", "say less"),
            with("-R", "directory", Word::Directory, "in the tree below this directory"),
            with("-s", "service", Word::Any, "with the files of this service"),
            flag("-v", "say which file each variable is in"),
            flag("-x", "remove the variables"),
        ],
        rules: vec![rule("*:*", [Word::Variable])],
        permutes: false,
        inner: Vec::new(),
    }
}

fn kletka() -> Command {
    let applets = APPLETS.iter().map(|applet| applet.name);
    let pages = FURTHER.iter().map(|page| page.title().0);
    Command {
        name: "kletka",
        flags: vec![flag("--help", "list the applets"), flag("--version", "print the version")],
        rules: vec![
            rule("*:", [choice(applets.clone().chain(["help", "version"]))]),
            rule("*:help", [choice(applets.chain(pages))]),
            rule("*:*", [Word::Applet]),
        ],
        permutes: false,
        inner: vec![bootstrap(), config(), doctor(), install(), net()],
    }
}

fn bootstrap() -> Command {
    Command {
        name: "bootstrap",
        flags: vec![
            flag("-v", "show what programs say"),
            with("--suite", "suite", Word::Any, "this suite of Debian"),
            with("--include", "packages", Word::Any, "with these packages"),
            with("--bases", "directory", Word::Directory, "keep bases there"),
            with("--root", "directory", Word::Directory, "make the root of a jail here"),
        ],
        rules: Vec::new(),
        permutes: true,
        inner: Vec::new(),
    }
}

fn config() -> Command {
    Command {
        name: "config",
        flags: vec![
            with("-f", "file", Word::File, "this configuration"),
            flag("-w", "replace files"),
            flag("--check", "list files that differ"),
            flag("--json", "as JSON"),
            with("--unset", "parameter", Word::Any, "remove what is given"),
        ],
        rules: vec![
            rule("*:", [choice(["check", "fmt", "get", "set"])]),
            rule("*:@(check|fmt)*", [Word::File]),
            rule("*:@(get|set)", [Word::Configured]),
            rule("*:get *", [Word::Parameter]),
            rule("*:set *", [Word::Assignment]),
        ],
        permutes: true,
        inner: Vec::new(),
    }
}

fn doctor() -> Command {
    Command {
        name: "doctor",
        flags: vec![flag("--mend", "jails without a record are adopted or ended")],
        rules: Vec::new(),
        permutes: true,
        inner: Vec::new(),
    }
}

fn install() -> Command {
    Command {
        name: "install",
        flags: vec![
            with("--prefix", "directory", Word::Directory, "put everything there"),
            with("--destdir", "directory", Word::Directory, "put it below this directory for now"),
        ],
        rules: Vec::new(),
        permutes: true,
        inner: Vec::new(),
    }
}

fn net() -> Command {
    Command {
        name: "net",
        flags: vec![flag("--confirm", "the host can still be reached")],
        rules: vec![
            rule("*:", [choice(["guard"])]),
            rule("*:guard", [Word::Any]),
            rule("*:guard *", [Word::Program(2)]),
        ],
        permutes: true,
        inner: Vec::new(),
    }
}

#[test]
fn no_command_of_our_own_is_forgotten() {
    let inner = kletka().inner;
    let known: Vec<&str> = inner.iter().map(|command| command.name).collect();
    let own = APPLETS.iter().filter(|applet| applet.group == Group::Own);
    assert_eq!(known, own.map(|applet| applet.name).collect::<Vec<_>>());
}
