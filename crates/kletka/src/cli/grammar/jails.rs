//! The command lines of jail(8), jls(8) and jexec(8).

use super::table::Word::{
    Any, Assignment, Choice, Configured, Directory, File, Program, Running, Shown, User,
};
use super::table::{Flag, Grammar, each, first, flag, hidden, may, with};

/// The usage of FreeBSD's jail.c, which names neither `-C` nor `-p`. Only the last line is
/// kletka's.
pub(crate) static JAIL: Grammar = Grammar {
    usage: &[
        "jail [-dhilqv] [-J jid_file] [-u username] [-U username]",
        "     -[cmr] param=value ... [command=command ...]",
        "jail [-dqv] [-f file] -[cmr] [jail]",
        "jail [-qv] [-f file] -[rR] ['*' | jail ...]",
        "jail [-dhilqv] [-J jid_file] [-u username] [-U username]",
        "     [-n jailname] [-s securelevel]",
        "     path hostname ip[,...] command ...",
        "jail [-f file] -e separator",
        "jail --plan[=json] ...",
    ],
    flags: &[
        flag("-c", "create"),
        flag("-m", "change"),
        flag("-r", "remove"),
        flag("-R", "remove, without the configuration"),
        flag("-C", "run what follows a removal"),
        with("-e", "separator", Any, "print what is configured"),
        with("-f", "file", File, "this configuration"),
        with("-J", "file", File, "write the parameters to a file"),
        with("-n", "name", Any, "the name of the jail"),
        with("-p", "limit", Any, "so many jails at once"),
        with("-s", "level", Any, "the securelevel of the jail"),
        with("-u", "user", User, "run the command as this user of the host"),
        with("-U", "user", Any, "run the command as this user of the jail"),
        flag("-d", "does nothing any more"),
        flag("-h", "resolve host.hostname to addresses"),
        flag("-i", "print the number of the jail"),
        flag("-l", "run the command in a clean environment"),
        flag("-q", "say less"),
        flag("-v", "say more"),
        may("--plan", "form", Choice(&["json"]), "print what would be done"),
    ],
    rules: &[
        // In this order: with -rc, which stops and starts, configured jails are offered.
        each(&[Configured, Assignment]).with(&["-c", "-m"]),
        each(&[Running]).with(&["-r", "-R"]),
        each(&[Configured]).with(&["-C"]),
        first(&[Directory]),
    ],
    ..Grammar::new("jail")
};

pub(crate) static JLS: Grammar = Grammar {
    usage: &["jls [-dhNnqsv] [-j jail] [param ...]", "jls -c [-d] -j jail", "jls --diff [jail]"],
    flags: &[
        flag("-c", "only say by the exit status whether the jail runs"),
        flag("-d", "jails that are dying, too"),
        flag("-h", "a line with the names of parameters"),
        with("-j", "jail", Running, "only this jail"),
        flag("-N", "names in place of numbers"),
        flag("-n", "name=value"),
        flag("-q", "quotes around values with spaces"),
        flag("-s", "as jail takes it"),
        flag("-v", "several lines for each jail"),
        Flag { ends: true, ..flag("--diff", "where jails are not what their files say") },
        // libxo(3) has a message of its own for an option without a value.
        Flag {
            ends: true,
            ..with("--libxo", "options", Choice(&["text", "json", "xml", "html"]), "another form")
        },
        hidden("-a"),
        hidden("--libxo-check"),
    ],
    rules: &[first(&[Running]).with(&["--diff"]), each(&[Shown])],
    ..Grammar::new("jls")
};

pub(crate) static JEXEC: Grammar = Grammar {
    usage: &[
        "jexec [-l] [-d working-directory] [-e name=value] [-u username | -U username] jail [command ...]",
    ],
    flags: &[
        with("-d", "directory", Any, "begin in this directory of the jail"),
        with("-e", "name=value", Any, "add this to the environment"),
        flag("-l", "in a clean environment"),
        flag("-n", "does nothing"),
        with("-u", "user", User, "as this user of the host"),
        with("-U", "user", Any, "as this user of the jail"),
    ],
    elsewhere: &[("it", "a command has the terminal and its input without any option")],
    rules: &[first(&[Running]), each(&[Program(1)])],
    ..Grammar::new("jexec")
};
