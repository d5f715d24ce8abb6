//! `service jail` as a plan: FreeBSD's libexec/rc/rc.d/jail as [`Service::plan`].
//!
//! The plan names the jails, their configuration files, and the jail(8) command lines in their
//! order. Whoever carries the plan out runs the command lines, and asks jls(8) which jails run.

use std::fmt;
use std::path::Path;

use crate::conf::{NotSetProperly, RcConf};
use crate::request::{Request, Verb};

/// rc.subr's per-service variables that change how a service's program runs. They are refused,
/// because jail(8) is not run through rc.subr here.
const UNSUPPORTED: &[&str] = &[
    "jail_program",
    "jail_jls",
    "jail_jexec",
    "jail_chroot",
    "jail_chdir",
    "jail_cpuset",
    "jail_env",
    "jail_env_file",
    "jail_fib",
    "jail_group",
    "jail_groups",
    "jail_limits",
    "jail_login_class",
    "jail_nice",
    "jail_oomprotect",
    "jail_prepend",
    "jail_setup",
    "jail_svcj",
    "jail_umask",
    "jail_user",
];

/// What rc.d/jail has in some of these without any file.
const DEFAULTS: [(&str, &str); 3] = [
    ("jail_program", "/usr/sbin/jail"),
    ("jail_jls", "/usr/sbin/jls"),
    ("jail_jexec", "/usr/sbin/jexec"),
];

/// One step: to do something, or to say something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A warning for standard error.
    Warn(NotSetProperly),
    /// Nothing is done, because `jail_enable` is not yes. This is no failure.
    Blocked(Blocked),
    /// Starts every jail of the configuration file.
    StartAll(StartAll),
    /// Starts these jails; all at the same time if `parallel`.
    Start {
        /// The jails in the order in which they start and are shown.
        jails: Vec<Result<Jail, Skipped>>,
        /// Whether `jail_parallel_start` is yes.
        parallel: bool,
        /// Whether success is silent.
        silent: bool,
    },
    /// Stops every jail that runs.
    StopAll(StopAll),
    /// Stops these jails, as far as they run, one after the other.
    Stop(Vec<Result<Jail, Skipped>>),
    /// Lists the jails that run: `jls -N`.
    Status,
    /// Shows which file describes each jail.
    Config(Vec<Result<Jail, Skipped>>),
    /// Text for standard output.
    Say(String),
    /// Answers by the exit status whether the service is enabled.
    Enabled(bool),
    /// Sets `jail_enable`, in rc.conf and in the machine's init.
    Switch(bool),
    /// Removes `jail_enable` from all files.
    Delete,
    /// Runs this command in this jail, at the terminal of the user.
    Console {
        /// The jail's name.
        jail: String,
        /// A command and its arguments.
        command: Vec<String>,
    },
    /// Reports that `console` was given no jail.
    NoConsole,
}

/// A jail and the jail(8) arguments that start or stop it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jail {
    /// The jail's name, with `_` for `.` and `/` as in rc.d/jail.
    pub name: String,
    /// The file that describes it.
    pub conf: String,
    /// What follows `jail` on the command line.
    pub arguments: Vec<String>,
}

/// One jail(8) for all jails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartAll {
    /// What follows `jail` on the command line.
    pub arguments: Vec<String>,
    /// Whether success is silent.
    pub silent: bool,
}

/// One jail(8) for each jail that `jls name` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopAll {
    /// What follows `jail` on the command line, before the jail's name.
    pub arguments: Vec<String>,
    /// Whether the last of the list is the first to stop: `jail_reverse_stop`.
    pub reverse: bool,
}

/// The verb that is not carried out. Its `Display` is rc.subr's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked(pub &'static str);

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.0;
        write!(
            f,
            "Cannot '{verb}' jail. Set jail_enable to YES in /etc/rc.conf \
             or use 'one{verb}' instead of '{verb}'."
        )
    }
}

/// A jail that is left out. Its `Display` is the warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skipped {
    /// No file describes it.
    NoConfiguration(String),
    /// rc.conf describes it by `jail_NAME_…` variables.
    Legacy {
        /// The jail's name.
        jail: String,
        /// The name as the variables have it.
        variable: String,
    },
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The three blanks are FreeBSD's: logs may be searched for this line.
            Self::NoConfiguration(jail) => write!(
                f,
                "Invalid configuration for {jail}  (no jail.conf, no hostname, or no path).   \
                 Jail {jail} was ignored."
            ),
            Self::Legacy { jail, variable } => write!(
                f,
                "Per-jail configuration via jail_* variables is obsolete and not supported \
                 (jail_{variable}_rootdir); write /etc/jail.{jail}.conf.  Jail {jail} was ignored."
            ),
        }
    }
}

/// A variable that rc.d/jail would heed, and that has no effect here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported(pub String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${} is not supported; remove it from rc.conf", self.0)
    }
}

impl std::error::Error for Unsupported {}

/// The service as rc.conf describes it.
pub struct Service<'a> {
    conf: &'a RcConf,
    read: &'a dyn Fn(&Path) -> Option<Vec<u8>>,
}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("conf", self.conf).finish_non_exhaustive()
    }
}

impl<'a> Service<'a> {
    /// Makes the service. `read` answers the text of a configuration file, if it can be read.
    pub fn new(conf: &'a RcConf, read: &'a dyn Fn(&Path) -> Option<Vec<u8>>) -> Self {
        Self { conf, read }
    }

    /// Plans `service jail REQUEST NAMES`, step by step. Without names, the jails of `jail_list`
    /// are meant, or all jails if that is empty.
    ///
    /// # Errors
    /// rc.conf has a variable that FreeBSD would heed and that is not supported.
    pub fn plan(&self, request: Request, names: &[String]) -> Result<Vec<Action>, Unsupported> {
        // Refused, not ignored: `jail_program` could name a wrapper that the jails rely on.
        if let Some(name) = UNSUPPORTED.iter().find(|name| !self.is_as_by_default(name)) {
            return Err(Unsupported((*name).to_owned()));
        }
        let mut actions = Vec::new();
        // The other verbs work on a service that is not enabled: rc.subr, run_rc_command.
        let gated = matches!(
            request.verb,
            Verb::Start
                | Verb::Stop
                | Verb::Restart
                | Verb::Config
                | Verb::ExtraCommands
                | Verb::Console
                | Verb::Poll
        );
        if gated && !request.anyway && !self.yes("jail_enable", &mut actions) {
            if !request.quiet {
                actions.push(Action::Blocked(Blocked(request.word())));
            }
            return Ok(actions);
        }
        let listed = self.conf.words("jail_list");
        // One jail(8) for all: it knows the order of `depend`.
        let chosen = if names.is_empty() { &listed[..] } else { names };
        match request.verb {
            Verb::Start => self.start(request, chosen, &mut actions)?,
            Verb::Stop => self.stop(chosen, names.is_empty(), &mut actions)?,
            Verb::Restart => {
                self.stop(chosen, names.is_empty(), &mut actions)?;
                self.start(request, chosen, &mut actions)?;
            }
            Verb::Status => actions.push(Action::Status),
            Verb::Rcvar => actions.push(Action::Say(self.rcvar(request))),
            Verb::Enabled => {
                let enabled = request.anyway || self.yes("jail_enable", &mut actions);
                actions.push(Action::Enabled(enabled));
            }
            Verb::Describe => actions.push(Action::Say("Manage system jails\n".to_owned())),
            Verb::ExtraCommands => actions.push(Action::Say("config console status\n".to_owned())),
            Verb::Config => {
                let jails = chosen.iter().map(|name| self.jail(name, |_, _| Vec::new()));
                actions.push(Action::Config(jails.collect::<Result<_, _>>()?));
            }
            Verb::Enable => actions.push(Action::Switch(true)),
            Verb::Disable => actions.push(Action::Switch(false)),
            Verb::Delete => actions.push(Action::Delete),
            Verb::Console => actions.push(self.console(names, &listed)),
            // The last two are rc.d/netif's.
            Verb::Poll | Verb::CloneUp | Verb::CloneDown => {}
        }
        Ok(actions)
    }

    /// Whether a variable has the value that it has on FreeBSD if no file sets it.
    fn is_as_by_default(&self, name: &str) -> bool {
        let Some(value) = self.conf.get_set(name) else { return true };
        match DEFAULTS.iter().find(|(known, _)| *known == name) {
            Some((_, default)) => value == *default,
            // A service is in no jail of its own unless the variable says yes.
            None => name == "jail_svcj" && self.conf.yes(name) == Ok(false),
        }
    }

    fn start(
        &self,
        request: Request,
        names: &[String],
        actions: &mut Vec<Action>,
    ) -> Result<(), Unsupported> {
        let parallel = self.yes("jail_parallel_start", actions);
        // rc.subr: `quietstart` is silent only without rc_startmsgs.
        let silent = request.quiet && !self.yes("rc_startmsgs", actions);
        if names.is_empty() {
            let mut arguments = self.conf.words("jail_flags");
            arguments.extend(owned(["-f", &self.conf.get("jail_conf"), "-c"]));
            if !parallel {
                // jail(8) starts jails at the same time unless told otherwise.
                arguments.push("-p1".to_owned());
            }
            actions.push(Action::StartAll(StartAll { arguments, silent }));
            return Ok(());
        }
        let start = |name: &str, conf: &str| {
            let mut arguments = self.conf.words(&format!("jail_{}_flags", variable(name)));
            if arguments.is_empty() {
                arguments = self.conf.words("jail_flags");
            }
            arguments.extend(owned(["-i", "-f", conf, "-c", name]));
            arguments
        };
        let jails = names.iter().map(|name| self.jail(name, start)).collect::<Result<_, _>>()?;
        actions.push(Action::Start { jails, parallel, silent });
        Ok(())
    }

    fn stop(
        &self,
        names: &[String],
        listed: bool,
        actions: &mut Vec<Action>,
    ) -> Result<(), Unsupported> {
        // Jails named on the command line stop in the order of their names there, whatever
        // `jail_reverse_stop` is.
        let reverse = listed && self.yes("jail_reverse_stop", actions);
        if names.is_empty() {
            let mut arguments = self.conf.words("jail_flags");
            arguments.extend(owned(["-f", &self.conf.get("jail_conf"), "-r"]));
            // Which jails run is known only when the plan is carried out.
            actions.push(Action::StopAll(StopAll { arguments, reverse }));
            return Ok(());
        }
        let stop = |name: &str, conf: &str| owned(["-q", "-f", conf, "-r", name]).to_vec();
        let mut jails: Vec<_> =
            names.iter().map(|name| self.jail(name, stop)).collect::<Result<_, _>>()?;
        if reverse {
            jails.reverse();
        }
        actions.push(Action::Stop(jails));
        Ok(())
    }

    /// Finds the file that describes the jail `name`: rc.d/jail, parse_options.
    fn jail(
        &self,
        name: &str,
        arguments: impl Fn(&str, &str) -> Vec<String>,
    ) -> Result<Result<Jail, Skipped>, Unsupported> {
        // rc.d/jail's `tr /. _`: the name becomes part of the names of variables and files.
        let name = name.replace(['/', '.'], "_");
        let variable = variable(&name);
        let of_jail = |what| format!("jail_{variable}_{what}");
        if self.conf.get_set(&of_jail("program")).is_some() {
            return Err(Unsupported(of_jail("program")));
        }
        let set = |what| self.conf.get_set(&of_jail(what));
        if set("rootdir").is_some() && set("hostname").is_some() {
            return Ok(Err(Skipped::Legacy { jail: name, variable }));
        }
        let [of_etc, of_folder] = configuration_files(&name);
        let of_all = self.conf.get("jail_conf");
        let text = |file: &str| (self.read)(Path::new(file));
        // A file that jail.conf includes is read with it, so that the parameters of all jails hold
        // for its jail too.
        let is_included = || text(&of_all).is_some_and(|text| includes_folder(&text));
        let candidates = [set("conf").unwrap_or(of_etc), of_folder.clone(), of_all.clone()];
        let is_it = |file: &String| text(file).is_some() && !(*file == of_folder && is_included());
        Ok(match candidates.into_iter().find(is_it) {
            Some(conf) => Ok(Jail { arguments: arguments(&name, &conf), name, conf }),
            None => Err(Skipped::NoConfiguration(name)),
        })
    }

    /// Decides which command runs in which jail: rc.d/jail, jail_console.
    fn console(&self, names: &[String], listed: &[String]) -> Action {
        let (name, command) = match (names, listed) {
            ([name, command @ ..], _) => (name, command),
            // FreeBSD would take the second jail of jail_list for the command: such a list names no
            // jail here.
            ([], [name]) => (name, &[][..]),
            _ => return Action::NoConsole,
        };
        let own = format!("jail_{}_consolecmd", variable(name));
        let set = [own.as_str(), "jail_consolecmd"]
            .into_iter()
            .find(|it| self.conf.get_set(it).is_some());
        let command = match (command, set) {
            ([], Some(set)) => self.conf.words(set),
            // FreeBSD's command is /usr/bin/login, a path that a Linux base may lack.
            ([], None) => owned(["login", "-f", "root"]).to_vec(),
            (command, _) => command.to_vec(),
        };
        Action::Console { jail: name.replace(['/', '.'], "_"), command }
    }

    fn rcvar(&self, request: Request) -> String {
        rcvar("jail", "Manage system jails", "jail_enable", self.conf, request)
    }

    /// Reads a variable as checkyesno does: a value that is neither yes nor no is no, with a
    /// warning.
    fn yes(&self, name: &str, actions: &mut Vec<Action>) -> bool {
        self.conf.yes(name).unwrap_or_else(|error| {
            actions.push(Action::Warn(error));
            false
        })
    }
}

/// Writes what `rcvar` prints of the service `name`, which the variable `variable` enables.
pub fn rcvar(
    name: &str,
    describes: &str,
    variable: &str,
    conf: &RcConf,
    request: Request,
) -> String {
    // `onercvar` sets the variable to YES before it is printed: rc.subr.
    let value = if request.anyway { "YES".to_owned() } else { conf.get(variable) };
    format!("# {name} : {describes}\n#\n{variable}=\"{value}\"\n#   (default: \"\")\n\n")
}

/// Whether a jail.conf(5) includes the files of /etc/jail.conf.d: rc.d/jail's `egrep`.
fn includes_folder(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| {
        let file = line.trim_ascii_start().strip_prefix(b".include").unwrap_or_default();
        let file = file.trim_ascii_start();
        let unquoted = file.strip_prefix(b"\"").or(file.strip_prefix(b"'")).unwrap_or(file);
        unquoted.starts_with(b"/etc/jail.conf.d/")
    })
}

/// The files that may describe the jail `name` alone. The first one that can be read does.
pub fn configuration_files(name: &str) -> [String; 2] {
    [format!("/etc/jail.{name}.conf"), format!("/etc/jail.conf.d/{name}.conf")]
}

/// The patterns of glob(3) that find all such files.
pub const CONFIGURATION_FILES: [&str; 2] = ["/etc/jail.*.conf", "/etc/jail.conf.d/*.conf"];

/// Writes a jail's name as the names of variables have it.
fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn owned<const N: usize>(words: [&str; N]) -> [String; N] {
    words.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plans `line` (`VERB NAME…`) with this rc.conf and these files, in words.
    fn plan(rc_conf: &str, files: &[&str], line: &str) -> Vec<String> {
        let mut conf = RcConf::default();
        conf.read(rc_conf.as_bytes()).unwrap();
        // `FILE=TEXT`, or an empty FILE.
        let read = |path: &Path| {
            let files = files.iter().map(|file| file.split_once('=').unwrap_or((file, "")));
            let mut found = files.filter(|(file, _)| Path::new(file) == path);
            found.next().map(|(_, text)| text.as_bytes().to_vec())
        };
        let mut words = line.split(' ').map(str::to_owned);
        let request = Request::parse(&words.next().unwrap()).unwrap();
        let names: Vec<_> = words.collect();
        match Service::new(&conf, &read).plan(request, &names) {
            Ok(actions) => actions.iter().flat_map(show).collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    fn show(action: &Action) -> Vec<String> {
        let jails = |what: &str, jails: &[Result<Jail, Skipped>]| -> Vec<String> {
            let line = |jail: &Result<Jail, Skipped>| match jail {
                Ok(jail) => format!("{what}: jail {}", jail.arguments.join(" ")),
                Err(skipped) => skipped.to_string(),
            };
            jails.iter().map(line).collect()
        };
        match action {
            Action::Warn(warning) => vec![warning.to_string()],
            Action::Blocked(blocked) => vec![blocked.to_string()],
            Action::StartAll(all) => vec![format!("all: jail {}", all.arguments.join(" "))],
            Action::Start { jails: these, parallel: true, .. } => jails("together", these),
            Action::Start { jails: these, .. } => jails("start", these),
            Action::StopAll(StopAll { arguments, reverse }) => {
                vec![format!("each, reverse={reverse}: jail {} NAME", arguments.join(" "))]
            }
            Action::Stop(these) => jails("stop", these),
            Action::Status => vec!["jls -N".to_owned()],
            Action::Config(these) => {
                these.iter().map(|jail| jail.as_ref().unwrap().conf.clone()).collect()
            }
            Action::Say(text) => text.lines().map(str::to_owned).collect(),
            Action::Enabled(enabled) => vec![format!("enabled={enabled}")],
            Action::Switch(on) => vec![format!("on={on}")],
            Action::Delete => vec!["delete".to_owned()],
            Action::Console { jail, command } => {
                vec![format!("jexec {jail} {}", command.join(" "))]
            }
            Action::NoConsole => vec!["Specify a jail name.".to_owned()],
        }
    }

    const CONF: &str = "/etc/jail.conf";
    /// The article's rc.conf.
    const ARTICLE: &str = "jail_enable=\"YES\"\njail_parallel_start=\"YES\"\njail_list=\"samba\"\n";

    #[test]
    #[rustfmt::skip]
    fn command_lines() {
        for (rc_conf, files, line, want) in [
            (ARTICLE, &[CONF][..], "start",              &["together: jail -i -f /etc/jail.conf -c samba"][..]),
            (ARTICLE, &[CONF], "stop",                   &["stop: jail -q -f /etc/jail.conf -r samba"]),
            (ARTICLE, &[CONF], "start www",              &["together: jail -i -f /etc/jail.conf -c www"]),
            (ARTICLE, &[CONF], "restart",                &["stop: jail -q -f /etc/jail.conf -r samba",
                                                           "together: jail -i -f /etc/jail.conf -c samba"]),
            ("jail_enable=YES", &[CONF], "start",        &["all: jail -f /etc/jail.conf -c -p1"]),
            ("jail_enable=YES jail_parallel_start=YES jail_flags='-v -q'", &[CONF], "start",
                                                         &["all: jail -v -q -f /etc/jail.conf -c"]),
            ("jail_enable=YES jail_conf=/etc/j", &[], "stop", &["each, reverse=false: jail -f /etc/j -r NAME"]),
            ("jail_enable=YES jail_reverse_stop=YES", &[CONF], "stop", &["each, reverse=true: jail -f /etc/jail.conf -r NAME"]),
            ("jail_enable=YES jail_list='a b' jail_reverse_stop=YES", &[CONF], "stop",
                                                         &["stop: jail -q -f /etc/jail.conf -r b", "stop: jail -q -f /etc/jail.conf -r a"]),
            ("jail_enable=YES jail_reverse_stop=YES", &[CONF], "stop a b", // as they are named
                                                         &["stop: jail -q -f /etc/jail.conf -r a", "stop: jail -q -f /etc/jail.conf -r b"]),
            ("", &[CONF], "onestart a b.c",              &["start: jail -i -f /etc/jail.conf -c a", "start: jail -i -f /etc/jail.conf -c b_c"]),
            ("jail_flags=-v jail_a_b_flags=-q", &[CONF], "onestart a-b c",
                                                         &["start: jail -q -i -f /etc/jail.conf -c a-b", "start: jail -v -i -f /etc/jail.conf -c c"]),
            // The first of these files counts: the jail's own, the one of jail.conf.d, the common
            // one.
            ("", &[CONF, "/etc/jail.conf.d/a.conf", "/etc/jail.a.conf"], "onestart a", &["start: jail -i -f /etc/jail.a.conf -c a"]),
            ("", &[CONF, "/etc/jail.conf.d/a.conf"], "onestart a",                     &["start: jail -i -f /etc/jail.conf.d/a.conf -c a"]),
            // Where the common file includes jail.conf.d, a file there is read as part of it.
            ("", &["/etc/jail.conf=x;\n .include '/etc/jail.conf.d/*.conf';", "/etc/jail.conf.d/a.conf"], "onestart a", &["start: jail -i -f /etc/jail.conf -c a"]),
            ("", &["/etc/jail.conf=.include\"/etc/jail.conf.d/a.conf\";", "/etc/jail.conf.d/a.conf", "/etc/jail.a.conf"], "onestart a", &["start: jail -i -f /etc/jail.a.conf -c a"]),
            ("", &["/etc/jail.conf=# .include \"/etc/jail.conf.d/*.conf\";", "/etc/jail.conf.d/a.conf"], "onestart a", &["start: jail -i -f /etc/jail.conf.d/a.conf -c a"]),
            ("jail_a_conf=/j/a", &[CONF, "/j/a"], "onestart a b", &["start: jail -i -f /j/a -c a", "start: jail -i -f /etc/jail.conf -c b"]),
            ("", &[], "onestart a",                      &["Invalid configuration for a  (no jail.conf, no hostname, or no path).   Jail a was ignored."]),
            ("", &[CONF], "oneconfig a",                 &["/etc/jail.conf"]),
            ("", &[CONF], "oneconsole a.b",              &["jexec a_b login -f root"]),
            ("", &[CONF], "oneconsole a sh -l",          &["jexec a sh -l"]),
            ("", &[CONF], "oneconsole",                  &["Specify a jail name."]),
            ("jail_list='a b'", &[CONF], "oneconsole",   &["Specify a jail name."]),
            ("jail_consolecmd='su -' jail_a_consolecmd=ash", &[CONF], "oneconsole a", &["jexec a ash"]),
            (ARTICLE, &[CONF], "console",                &["jexec samba login -f root"]),
            ("jail_consolecmd='su -'", &[CONF], "oneconsole b", &["jexec b su -"]),
            ("", &[CONF], "enable",                      &["on=true"]),
            (ARTICLE, &[CONF], "disable",                &["on=false"]),
            ("", &[CONF], "delete",                      &["delete"]),
            ("", &[CONF], "onepoll",                     &[]),
        ] {
            assert_eq!(plan(rc_conf, files, line), want, "{rc_conf} {files:?} {line}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_jail_enable_allows() {
        for (rc_conf, line, want) in [
            ("", "start",        &["Cannot 'start' jail. Set jail_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'."][..]),
            ("", "restart a",    &["Cannot 'restart' jail. Set jail_enable to YES in /etc/rc.conf or use 'onerestart' instead of 'restart'."]),
            ("", "stop",         &["Cannot 'stop' jail. Set jail_enable to YES in /etc/rc.conf or use 'onestop' instead of 'stop'."]),
            ("", "quietstart",   &[]),
            ("", "console a",    &["Cannot 'console' jail. Set jail_enable to YES in /etc/rc.conf or use 'oneconsole' instead of 'console'."]),
            ("", "status",       &["jls -N"]),
            ("", "enabled",      &["enabled=false"]),
            ("jail_enable=on", "enabled", &["enabled=true"]),
            ("jail_enable=maybe", "enabled", &["$jail_enable is not set properly - see rc.conf(5).", "enabled=false"]),
            ("jail_enable=", "start", &["$jail_enable is not set properly - see rc.conf(5).",
                                        "Cannot 'start' jail. Set jail_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'."]),
            ("jail_enable=YES", "rcvar", &["# jail : Manage system jails", "#", "jail_enable=\"YES\"", "#   (default: \"\")", ""]),
            ("", "describe",     &["Manage system jails"]),
        ] {
            assert_eq!(plan(rc_conf, &[CONF], line), want, "{rc_conf} {line}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn defaults_in_a_file_change_nothing() {
        let want = plan("", &[CONF], "onestart a");
        for rc_conf in [
            "jail_svcj=NO", "jail_svcj=no", "jail_nice=", "jail_user=", "jail_env=\"\"",
            "jail_program=/usr/sbin/jail jail_jls=/usr/sbin/jls jail_jexec=/usr/sbin/jexec",
        ] {
            assert_eq!(plan(rc_conf, &[CONF], "onestart a"), want, "{rc_conf}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn what_is_not_supported_is_named() {
        for (rc_conf, want) in [
            ("jail_program=/usr/local/sbin/jail", "$jail_program is not supported; remove it from rc.conf"),
            ("jail_a_program=/bin/x",             "$jail_a_program is not supported; remove it from rc.conf"),
            ("jail_svcj=YES",                     "$jail_svcj is not supported; remove it from rc.conf"),
            ("jail_nice=5",                       "$jail_nice is not supported; remove it from rc.conf"),
            ("jail_a_rootdir=/j/a jail_a_hostname=a",
             "Per-jail configuration via jail_* variables is obsolete and not supported (jail_a_rootdir); write /etc/jail.a.conf.  Jail a was ignored."),
        ] {
            assert_eq!(plan(rc_conf, &[CONF], "onestart a"), [want], "{rc_conf}");
        }
    }
}
