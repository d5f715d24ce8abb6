//! service(8) for kletka's services: `jail`, `devfs` and `netif`.
//!
//! Messages, order and command lines are those of FreeBSD's libexec/rc/rc.d/jail. [`rc::Service`]
//! makes a plan of them, and this module carries out the plan by the library of jail(8) and jls(8).
//! There is one difference: if a jail did not start or stop, or was ignored, the exit status is 1,
//! where FreeBSD's is 0.

mod jails;

use crate::cli::answer;
use crate::cli::programs;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use conffile::Tree;
use jails::{Done, Jails, remove_id, write_id};
use lexopt::{Arg, Parser};
use lifecycle::devices::{self, Renewal};
use lifecycle::run::Sources;
use nearest::{hint, nearest};
use prison::Registry;
use rc::{Action, Jail, KEYWORDS, RcConf, Request, Service, Skipped, UnknownVerb, Verb};

use crate::cli::answer::reason;
use crate::cli::boot::netif;
use crate::cli::boot::rc_subr::{error, say, warn};
use crate::cli::boot::switch::Switch;
use crate::cli::grammar::boot::{SERVICE, service_usage};
use crate::cli::help::usage;

/// The script that does the same inside a jail: share/jail/service.
const IN_JAIL: &str = "/run/kletka/jail/service";

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let mut parser = Parser::from_args(arguments);
    let (mut verbose, mut list, mut jail) = (false, None, None);
    let name = loop {
        match parser.next() {
            Ok(Some(Arg::Short('v'))) => verbose = true,
            Ok(Some(Arg::Short('h'))) => {
                say(service_usage());
                return ExitCode::SUCCESS;
            }
            Ok(Some(Arg::Short(option @ ('e' | 'l' | 'r' | 'R')))) => list = Some(option),
            Ok(Some(Arg::Short('j'))) => match parser.value() {
                Ok(name) => jail = Some(name),
                Err(_) => return usage(&SERVICE),
            },
            Ok(Some(Arg::Short('E'))) => return answer::fail("service", "-E: not supported"),
            Ok(Some(Arg::Value(name))) => break Some(name),
            Ok(None) => break None,
            _ => return usage(&SERVICE),
        }
    };
    // All words behind the script's name belong to the script, also those with a dash.
    let words: Vec<OsString> = parser.raw_args().map(Iterator::collect).unwrap_or_default();
    if let Some(jail) = jail {
        return in_jail(&jail, verbose, list, name.into_iter().chain(words));
    }
    if list == Some('R') {
        // The host has no services in /usr/local/etc/rc.d.
        return answer::fail("service", "-R: not supported, but with -j in a jail");
    }
    if let Some(list) = list {
        return show_list(list, verbose);
    }
    let words: Option<Vec<String>> =
        words.into_iter().map(|word| word.into_string().ok()).collect();
    match (name, words.as_deref().and_then(<[_]>::split_first)) {
        (Some(name), Some((verb, names))) => {
            start_script(&name.to_string_lossy(), verb, names, verbose)
        }
        _ => usage(&SERVICE),
    }
}

fn start_script(name: &str, verb: &str, names: &[String], verbose: bool) -> ExitCode {
    let Some(script) = SCRIPTS.iter().find(|script| script.name == name) else {
        if let Some(mut hosts) = of_host(name, verb, names) {
            let error = reason(hosts.exec());
            let program = hosts.get_program().to_string_lossy();
            return answer::fail("service", format_args!("{program}: {error}"));
        }
        let hint = match nearest(name, SCRIPTS.iter().map(|script| script.name)) {
            None if is_jail(name) => format!("; {name} is a jail: service jail {verb} {name}"),
            None => format!("; a service in a jail: service -j JAIL {name} {verb}"),
            meant => hint(meant),
        };
        say(format!(
            "{name} does not exist in /etc/rc.d or the local startup\n\
             directories (/usr/local/etc/rc.d), or is not executable{hint}\n"
        ));
        return ExitCode::FAILURE;
    };
    if verbose {
        say(format!("{name} is located in /etc/rc.d\n"));
    }
    script.start(verb, names)
}

/// Where a host has services of its own: scripts of sysvinit and OpenRC, and systemd's units.
const HOSTS: [(&str, &str); 5] = [
    ("/etc/init.d", ""),
    ("/etc/systemd/system", ".service"),
    ("/run/systemd/system", ".service"),
    ("/usr/lib/systemd/system", ".service"),
    ("/lib/systemd/system", ".service"),
];

/// Where a host has its own service(8).
const HOSTS_COMMANDS: [&str; 2] = ["/usr/sbin/service", "/sbin/service"];

/// The command that does the same to a service of the host: hooks find this service(8) first, and
/// the host's services are theirs to start too. `None`: the host has no service of this name.
fn of_host(name: &str, verb: &str, names: &[String]) -> Option<Command> {
    let is_one = |(folder, ending): &(&str, &str)| {
        !name.contains('/') && Path::new(folder).join(format!("{name}{ending}")).exists()
    };
    let (folder, _) = HOSTS.iter().find(|place| is_one(place))?;
    // This very program may be linked there.
    let own = fs::canonicalize("/proc/self/exe").ok();
    let is_hosts = |path: &&&str| fs::canonicalize(path).is_ok_and(|real| Some(real) != own);
    let mut command = match HOSTS_COMMANDS.iter().find(is_hosts) {
        Some(program) => {
            let mut command = Command::new(program);
            command.args([name, verb]);
            command
        }
        None if *folder == "/etc/init.d" => {
            let mut command = Command::new(Path::new(folder).join(name));
            command.arg(verb);
            command
        }
        None => {
            let mut command = Command::new("systemctl");
            command.args([verb, name]);
            command
        }
    };
    command.args(names);
    Some(command)
}

/// Whether a jail of this name is configured, or runs.
fn is_jail(name: &str) -> bool {
    let configured = Sources::found(&[name.to_owned()], true).ok().flatten();
    configured.is_some_and(|sources| sources.has(name.as_bytes()))
        || Registry::open().is_ok_and(|jails| jails.find(name).is_ok_and(|found| found.is_some()))
}

/// Carries out `-j`: has jexec(8) run the jail's own service(8).
fn in_jail(
    jail: &OsString,
    verbose: bool,
    list: Option<char>,
    words: impl Iterator<Item = OsString>,
) -> ExitCode {
    // A clean environment: services must not depend on who has started them.
    let mut command = programs::applet("jexec");
    command.arg("-l").arg(jail).arg(IN_JAIL);
    command.args(verbose.then_some("-v")).args(list.map(|option| format!("-{option}"))).args(words);
    programs::become_another("service", command)
}

/// Carries out `-l`, `-r` and `-e`: lists all scripts, all scripts in their order, or those that
/// are enabled.
fn show_list(list: char, verbose: bool) -> ExitCode {
    if list == 'l' {
        let mut names = SCRIPTS.map(|script| format!("{}\n", script.name));
        names.sort_unstable();
        let names = names.concat();
        let heads = ["From /etc/rc.d:\n", "From /usr/local/etc/rc.d:\n"]
            .map(|it| if verbose { it } else { "" });
        say(format!("{}{names}{}", heads[0], heads[1]));
        return ExitCode::SUCCESS;
    }
    for script in &SCRIPTS {
        // A service without a variable, as devfs is, cannot be enabled.
        let is_shown = match (list, script.switch) {
            ('r', _) => true,
            (_, None) => false,
            (_, Some(switch)) => match RcConf::load(&Tree::Host, script.name) {
                Ok(conf) => conf.yes(switch.variable) == Ok(true),
                Err(failure) => return error("service", failure),
            },
        };
        if is_shown {
            say(format!("{}\n", script.path));
        }
    }
    ExitCode::SUCCESS
}

/// A script of FreeBSD's /etc/rc.d that is built in.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// The name that the script's messages begin with: rc.subr's `$0`.
    path: &'static str,
    pub(crate) keywords: &'static [&'static str],
    /// The variable by which the script is started at boot.
    switch: Option<&'static Switch>,
    run: fn(Request, &[String]) -> ExitCode,
}

pub(crate) const SCRIPTS: [Script; 3] = [
    // In the order of the boot: interfaces and rules must be there before the first jail.
    Script { name: "devfs", path: DEVFS, keywords: PLAIN, switch: None, run: devfs },
    Script {
        name: "netif",
        path: netif::PATH,
        keywords: &netif::KEYWORDS,
        switch: Some(&netif::SWITCH),
        run: netif::run,
    },
    Script { name: "jail", path: JAIL, keywords: OF_JAIL, switch: Some(&SWITCH), run: jail },
];

/// The verbs that every script has: those before the ones that rc.d/jail adds.
pub(crate) const PLAIN: &[&str] = KEYWORDS.split_at(10).0;

/// The verbs of rc.d/jail.
const OF_JAIL: &[&str] = KEYWORDS.split_at(14).0;

impl Script {
    fn start(&self, verb: &str, names: &[String]) -> ExitCode {
        match Request::parse(verb) {
            Ok(request) if self.keywords.contains(&request.word()) => (self.run)(request, names),
            Ok(request) => self.unknown(request.word()),
            Err(UnknownVerb(verb)) => self.unknown(&verb),
        }
    }

    fn unknown(&self, verb: &str) -> ExitCode {
        let (path, keywords) = (self.path, self.keywords.join("|"));
        if !verb.is_empty() {
            // The full stop is FreeBSD's.
            let meant = nearest(verb, self.keywords.iter().copied());
            let meant = meant.map_or_else(String::new, |meant| format!(" Did you mean {meant}?"));
            complain!("{path}: unknown directive '{verb}'.{meant}");
        }
        complain!("Usage: {path} [fast|force|one|quiet]({keywords})");
        ExitCode::FAILURE
    }
}

const DEVFS: &str = "/etc/rc.d/devfs";

/// Carries out `service devfs`: reads the rulesets, so that a mistake is found now, and not when
/// the next jail starts, and applies them to the jails that run.
fn devfs(request: Request, _names: &[String]) -> ExitCode {
    match request.verb {
        Verb::Start | Verb::Restart => {}
        Verb::Stop => return ExitCode::SUCCESS,
        Verb::Describe => {
            say("Device filesystem\n");
            return ExitCode::SUCCESS;
        }
        _ => return error(DEVFS, format_args!("'{}' is not supported", request.word())),
    }
    let conf = match RcConf::load(&Tree::Host, "devfs") {
        Ok(conf) => conf,
        Err(failure) => return error(DEVFS, failure),
    };
    for name in ["devfs_system_ruleset", "devfs_set_rulesets"] {
        if conf.get_set(name).is_some() {
            return error(DEVFS, rc::Unsupported(name.to_owned()));
        }
    }
    if Path::new("/etc/devfs.conf").exists() {
        warn(DEVFS, "/etc/devfs.conf is not read: the /dev of this host is not a devfs");
    }
    if let Err(failed) = load_rulesets(&conf) {
        return failed;
    }
    let failed = Registry::open().and_then(|it| devices::renew_all(&it, &Renewal::Rules));
    match failed {
        // Without root it is not known which jails run, and the files have been checked.
        Err(prison::Error::NotRoot) => ExitCode::SUCCESS,
        Err(failure) => error(DEVFS, failure),
        Ok(failed) if failed.is_empty() => ExitCode::SUCCESS,
        Ok(failed) => {
            for (jail, failure) in failed {
                warn(DEVFS, format_args!("{jail}: {failure}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// Reads the files of rulesets that rc.conf(5) names, and has them hold. Only where it names others
/// than the usual two are the rulesets kept: those two are read anew whenever they are needed.
fn load_rulesets(conf: &RcConf) -> Result<(), ExitCode> {
    let others = conf.get_set("devfs_rulesets");
    let files = others
        .as_deref()
        .map_or_else(|| devfs::FILES.to_vec(), |it| it.split_whitespace().collect());
    let rulesets = lifecycle::run::rulesets_of(files).map_err(|failure| {
        complain!("devfs rule: {failure}");
        let path = failure.path().display();
        warn(DEVFS, format_args!("devfs_init_rulesets: could not read rules from {path}"));
        ExitCode::FAILURE
    })?;
    devices::keep(others.map(|_| &rulesets)).map_err(|failure| {
        error(DEVFS, format_args!("{}: {}", devfs::KEPT_FILE, strerror::of(&failure)))
    })
}

const JAIL: &str = "/etc/rc.d/jail";

const SWITCH: Switch = Switch {
    service: "jail",
    path: JAIL,
    describes: "Manage system jails",
    variable: "jail_enable",
    unit: "jail",
};

/// Carries out `service jail`.
fn jail(request: Request, names: &[String]) -> ExitCode {
    let conf = match RcConf::load(&Tree::Host, "jail") {
        Ok(conf) => conf,
        Err(failure) => return error(JAIL, failure),
    };
    // Not any path that exists: opening a FIFO would wait for ever.
    let is_file = |path: &Path| fs::metadata(path).is_ok_and(|it| it.is_file());
    let read = |path: &Path| is_file(path).then(|| fs::read(path).ok()).flatten();
    let plan = match Service::new(&conf, &read).plan(request, names) {
        Ok(plan) => plan,
        Err(failure) => return error(JAIL, failure),
    };
    // On FreeBSD the boot has loaded the rulesets before the first jail starts.
    let starts = matches!(request.verb, Verb::Start | Verb::Restart);
    let has_others = conf.get_set("devfs_rulesets").is_some();
    let is_first = starts && has_others && !Path::new(devfs::KEPT_FILE).exists();
    if let Some(Err(failed)) = is_first.then(|| load_rulesets(&conf)) {
        return failed;
    }
    if let Some(Action::NoConsole) = plan.last() {
        complain!("{JAIL}: ERROR: Specify a jail name.");
        // FreeBSD's `err 3`.
        return ExitCode::from(3);
    }
    if request.verb == Verb::Restart && !plan.iter().all(can_start_again) {
        return error(JAIL, "nothing was stopped: not all jails could start again");
    }
    let mut good = true;
    for action in &plan {
        good &= carry_out(action);
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Answers whether the jails of an action that run now could start again if they were stopped.
/// What speaks against it is printed.
fn can_start_again(action: &Action) -> bool {
    let arguments: Vec<&[String]> = match action {
        Action::StartAll(all) => vec![&all.arguments],
        Action::Start { jails, .. } => {
            jails.iter().flatten().map(|jail| jail.arguments.as_slice()).collect()
        }
        _ => return true,
    };
    with_jails(|host| {
        let wrong: Vec<_> = arguments.iter().filter_map(|one| host.cannot_restart(one)).collect();
        wrong.iter().for_each(say);
        wrong.is_empty()
    })
}

/// Carries out one action. Answers whether all went well.
fn carry_out(action: &Action) -> bool {
    match action {
        Action::Warn(text) => {
            warn(JAIL, text);
            true
        }
        Action::Blocked(text) => {
            say(format!("{text}\n"));
            true
        }
        Action::Say(text) => {
            say(text);
            true
        }
        Action::Enabled(enabled) => *enabled,
        Action::Status => crate::cli::jails::jls::by_name(),
        Action::Config(jails) => jails.iter().all(|jail| match chosen(jail) {
            Some(Jail { name, conf, .. }) => {
                say(format!("{name}: parameters are in {conf}.\n"));
                true
            }
            None => false,
        }),
        Action::StartAll(all) => {
            with_jails(|host| start_all(host, &all.arguments, progress(all.silent)))
        }
        Action::Start { jails, parallel, silent } => {
            with_jails(|host| start(host, jails, *parallel, progress(*silent)))
        }
        Action::StopAll(all) => with_jails(|host| stop_all(host, &all.arguments, all.reverse)),
        Action::Stop(jails) => with_jails(|host| stop(host, jails)),
        Action::Switch(on) => SWITCH.set(*on),
        Action::Delete => SWITCH.delete(),
        Action::Console { jail, command } => console(jail, command),
        Action::NoConsole => false,
    }
}

/// Becomes jexec(8), which needs the terminal. Returns only if that has failed.
fn console(jail: &str, command: &[String]) -> bool {
    let mut jexec = programs::applet("jexec");
    jexec.arg(jail).args(command).current_dir("/");
    programs::become_another("service", jexec);
    false
}

/// Answers the jail. `None`: the jail is left out, and a warning has said why.
fn chosen(jail: &Result<Jail, Skipped>) -> Option<&Jail> {
    jail.as_ref().map_err(|skipped| warn(JAIL, skipped)).ok()
}

/// Calls `act` with the jails of this host. Answers whether all went well.
fn with_jails(act: impl FnOnce(&Jails) -> bool) -> bool {
    match Jails::new() {
        Ok(host) => act(&host),
        Err(failure) => {
            error(JAIL, format_args!("/: {}", reason(failure)));
            false
        }
    }
}

/// Answers the function that prints the progress of a start.
fn progress(silent: bool) -> fn(&str) {
    if silent { |_| {} } else { |text| say(text) }
}

fn start_all(host: &Jails, arguments: &[String], progress: fn(&str)) -> bool {
    progress("Starting jails:");
    let Done { good, said, .. } = host.jail(arguments);
    if good {
        for record in host.all() {
            progress(&format!(" {}", record.name));
            write_id(&record.name, record.jid);
        }
    } else {
        say(said);
    }
    progress(".\n");
    good
}

/// Starts the jails one after the other, or all at once if `parallel`. Their messages come in the
/// order of the list in both cases.
fn start(
    host: &Jails,
    jails: &[Result<Jail, Skipped>],
    parallel: bool,
    progress: fn(&str),
) -> bool {
    progress("Starting jails:");
    let mut good = true;
    if parallel {
        let all: Vec<_> = jails.iter().filter_map(chosen).collect();
        let arguments: Vec<_> = all.iter().map(|jail| jail.arguments.as_slice()).collect();
        let done = host.at_once(&arguments);
        good = all.len() == jails.len();
        for (jail, done) in all.iter().zip(done) {
            good &= has_started(host, &jail.name, done, progress);
        }
    } else {
        for jail in jails {
            let started =
                |jail: &Jail| has_started(host, &jail.name, host.jail(&jail.arguments), progress);
            good &= chosen(jail).is_some_and(started);
        }
    }
    progress(".\n");
    good
}

/// Prints whether a jail has started, and writes its jid into a file.
fn has_started(host: &Jails, name: &str, done: Done, progress: fn(&str)) -> bool {
    if done.good {
        progress(&format!(" {name}"));
        if let Some(jid) = done.jid(name).or_else(|| host.jid(name)) {
            write_id(name, jid);
        }
    } else {
        progress(&format!(" cannot start jail  \"{name}\": \n"));
        say(done.said);
    }
    done.good
}

fn stop_all(host: &Jails, arguments: &[String], reverse: bool) -> bool {
    say("Stopping jails:");
    let mut names: Vec<String> = host.all().into_iter().map(|record| record.name).collect();
    if reverse {
        names.reverse();
    }
    let mut good = !host.leaves_out();
    for name in names {
        let arguments = [arguments, std::slice::from_ref(&name)].concat();
        good &= stop_one(host, &name, &arguments);
    }
    say(".\n");
    good
}

fn stop(host: &Jails, jails: &[Result<Jail, Skipped>]) -> bool {
    say("Stopping jails:");
    let mut good = true;
    for jail in jails {
        match chosen(jail) {
            Some(jail) => match host.find(&jail.name) {
                Ok(Some(_)) => good &= stop_one(host, &jail.name, &jail.arguments),
                Ok(None) => {}
                Err(error) => {
                    complain!("jls: {error}");
                    good = false;
                }
            },
            None => good = false,
        }
    }
    say(".\n");
    good
}

fn stop_one(host: &Jails, name: &str, arguments: &[String]) -> bool {
    say(format!(" {name}"));
    let Done { said, .. } = host.jail(arguments);
    // As in rc.d/jail, not the exit status counts but whether the jail still runs.
    if host.jid(name).is_some() {
        say(said);
        return false;
    }
    remove_id(name);
    true
}
