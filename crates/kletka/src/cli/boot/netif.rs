//! `service netif`: the interfaces of the host that kletka makes, by rc.conf(5). FreeBSD's
//! libexec/rc/network.subr and rc.d/netif have the variables and their order.
//!
//! `cloned_interfaces` and `vlans_IF` say what is made; `create_args_IF`, `ifconfig_IF`,
//! `ifconfig_IF_ipv6`, `ifconfig_IF_aliasN` and `ifconfig_IF_descr` how it is configured; `defaultrouter` and
//! `ipv6_defaultrouter` where it leads. What is made goes into the group `kletka`: nothing outside that group is
//! ever changed, because the host has a network manager of its own for it.

mod words;

use crate::cli::answer;
use std::process::ExitCode;

use netif::{Cloner, GroupName, Interface, InterfaceName, Netlink, Prefix, Route};
use rc::{RcConf, Request, Verb};

use crate::cli::boot::rc_subr::say;
use crate::cli::boot::switch::Switch;
use crate::cli::boot::sysrc::Tree;

/// The group of what is made here.
const GROUP: &str = "kletka";

/// What rc.conf(5) of FreeBSD has for an interface and this does not; each before or after `IF`.
const UNSUPPORTED: [(&str, &str); 7] = [
    ("ifconfig_", "_name"),
    ("ifconfig_", "_aliases"),
    ("ifconfig_", "_vnet"),
    ("ipv4_addrs_", ""),
    ("ipv6_prefix_", ""),
    ("gifconfig_", ""),
    ("autobridge_", ""),
];

/// What `service netif` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Make and configure.
    Start,
    /// Destroy.
    Stop,
    /// Both.
    Restart,
}

/// What the script calls itself.
pub(crate) const PATH: &str = "/etc/rc.d/netif";

/// The host's boot makes the network when this says so. Who types `start` is not asked for it: the boot says
/// `quietstart`, and nothing happens without the variable.
pub(crate) const SWITCH: Switch = Switch {
    service: "netif",
    path: PATH,
    describes: "Network interface setup",
    variable: "kletka_netif_enable",
    unit: "kletka-netif",
};

/// `service netif`: a verb of service(8), and interfaces.
pub(crate) fn run(request: Request, names: &[String]) -> ExitCode {
    let conf = match RcConf::load(&Tree::Host, "netif") {
        Ok(conf) => conf,
        Err(failure) => return answer::fail("netif", failure),
    };
    let good = match request.verb {
        Verb::Start if request.quiet && !SWITCH.is_on(&conf) => true,
        Verb::Start => return service(Action::Start, names, &conf),
        Verb::Stop => return service(Action::Stop, names, &conf),
        Verb::Restart => return service(Action::Restart, names, &conf),
        Verb::Rcvar => tell(&SWITCH.rcvar(&conf, request)),
        Verb::Describe => tell(&format!("{}\n", SWITCH.describes)),
        Verb::ExtraCommands => tell("\n"),
        Verb::Enabled => request.anyway || SWITCH.is_on(&conf),
        Verb::Enable => SWITCH.set(true),
        Verb::Disable => SWITCH.set(false),
        Verb::Delete => SWITCH.delete(),
        _ => return answer::fail(PATH, format_args!("'{}' is not supported", request.word())),
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(text: &str) -> bool {
    say(text);
    true
}

/// Carries out `action` for the interfaces `names`, or for all that `conf` knows of.
pub(crate) fn service(action: Action, names: &[String], conf: &RcConf) -> ExitCode {
    let mut netlink = match Netlink::open() {
        Ok(netlink) => netlink,
        Err(error) => return answer::fail("netif", error),
    };
    let mut run = Run { netlink: &mut netlink, conf, good: true };
    run.leave_alone(names);
    if action != Action::Start {
        run.stop(names);
    }
    if action != Action::Stop {
        run.start(names);
    }
    if run.good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// An interface that is to be made: `vlans_IF` and `cloned_interfaces`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    /// As rc.conf has it: `epair0`, `re0.7`, `vlan0`, `office`.
    name: String,
    /// What `create` is told besides `create_args_IF`: the parent of a vlan with a name of its own.
    parent: Option<String>,
}

impl Wanted {
    /// What there is when it has been made: both ends of an epair.
    fn interfaces(&self) -> Vec<String> {
        match Cloner::parse(&self.name) {
            Some(Cloner::Epair(_)) => vec![format!("{}a", self.name), format!("{}b", self.name)],
            _ => vec![self.name.clone()],
        }
    }

    fn is_meant_by(&self, names: &[String]) -> bool {
        names.is_empty()
            || names.contains(&self.name)
            || self.interfaces().iter().any(|it| names.contains(it))
    }
}

/// All that `conf` wants made, on top of the interfaces `existing`: clones first, vlans after their parents.
fn wanted(conf: &RcConf, existing: &[String]) -> Vec<Wanted> {
    let clone = |name| Wanted { name, parent: None };
    let mut all: Vec<Wanted> = conf.words("cloned_interfaces").into_iter().map(clone).collect();
    let mut parents: Vec<String> = existing.to_vec();
    parents.extend(all.iter().flat_map(Wanted::interfaces));
    parents.dedup();
    for parent in &parents {
        for word in conf.words(&format!("vlans_{}", variable(parent))) {
            let is_tag = word.bytes().all(|byte| byte.is_ascii_digit());
            let new = if is_tag {
                Wanted { name: format!("{parent}.{word}"), parent: None }
            } else {
                Wanted { name: word, parent: Some(parent.clone()) }
            };
            if !all.contains(&new) {
                all.push(new);
            }
        }
    }
    all
}

/// The name of an interface inside that of a variable: rc.subr's ltr.
fn variable(name: &str) -> String {
    name.replace(['.', '-', '/', '+'], "_")
}

/// The interface that a variable called `vlans_IF` is about, as variables name it.
fn parent_of_vlans(name: &[u8]) -> Option<String> {
    std::str::from_utf8(name).ok()?.strip_prefix("vlans_").map(str::to_owned)
}

struct Run<'a> {
    netlink: &'a mut Netlink,
    conf: &'a RcConf,
    /// Nothing has failed so far.
    good: bool,
}

impl Run<'_> {
    fn warn(&mut self, text: impl std::fmt::Display) {
        self.good = false;
        complain!("netif: WARNING: {text}");
    }

    fn links(&mut self) -> Vec<Interface> {
        self.netlink.links().unwrap_or_else(|error| {
            self.warn(error);
            Vec::new()
        })
    }

    fn existing(&mut self) -> Vec<String> {
        self.links().iter().map(|link| link.name.to_string()).collect()
    }

    /// The interface, if it is there, and whether it was made here.
    fn find(&mut self, name: &str) -> Option<bool> {
        let links = self.links();
        let link = links.iter().find(|link| link.name.as_str() == name)?;
        Some(link.groups.iter().any(|group| group == GROUP))
    }

    fn start(&mut self, names: &[String]) {
        let existing = self.existing();
        let all = wanted(self.conf, &existing);
        self.name_missing_parents(names, &all, &existing);
        let mut made = Vec::new();
        for wanted in all.iter().filter(|wanted| wanted.is_meant_by(names)) {
            self.name_unsupported(&wanted.name);
            if self.create(wanted) {
                made.extend(wanted.interfaces());
            }
        }
        let mut done = Vec::new();
        for name in &made {
            if self.configure(name) {
                done.push(name.clone());
            }
        }
        if names.is_empty() && !made.is_empty() {
            self.route("defaultrouter");
            self.route("ipv6_defaultrouter");
        }
        if !done.is_empty() {
            let mut text = format!("Starting Network: {}.\n", done.join(" "));
            for name in &done {
                text += &crate::cli::network::ifconfig::command_line(std::slice::from_ref(name))
                    .unwrap_or_default();
            }
            say(text);
        }
    }

    /// Says which `vlans_IF` are of no interface: hardware that is not there, or is called otherwise.
    fn name_missing_parents(&mut self, names: &[String], all: &[Wanted], existing: &[String]) {
        if !names.is_empty() {
            return;
        }
        let made = all.iter().flat_map(Wanted::interfaces);
        let known: Vec<String> =
            existing.iter().cloned().chain(made).map(|it| variable(&it)).collect();
        let set: Vec<String> = self.conf.names().filter_map(parent_of_vlans).collect();
        for parent in set.iter().filter(|parent| !known.contains(parent)) {
            if !self.conf.words(&format!("vlans_{parent}")).is_empty() {
                self.warn(format_args!("vlans_{parent}: there is no interface {parent}"));
            }
        }
    }

    /// Refuses by name what would have done something on FreeBSD.
    fn name_unsupported(&mut self, name: &str) {
        for (before, after) in UNSUPPORTED {
            let name = format!("{before}{}{after}", variable(name));
            if self.conf.get_set(&name).is_some() {
                self.warn(format_args!("{name}: not supported"));
            }
        }
    }

    /// Says which interfaces are named, or have variables, and are not kletka's.
    fn leave_alone(&mut self, names: &[String]) {
        let existing = self.existing();
        let all = wanted(self.conf, &existing);
        let ours =
            |name: &String| all.iter().any(|wanted| wanted.is_meant_by(std::slice::from_ref(name)));
        for name in names.iter().filter(|name| !ours(name)) {
            let reason = if existing.contains(name) {
                "left alone: it was not made by kletka"
            } else {
                "neither cloned_interfaces nor a vlans_IF of rc.conf names it"
            };
            self.warn(format_args!("{name}: {reason}"));
        }
        if !names.is_empty() {
            return;
        }
        for name in existing.iter().filter(|name| !ours(name)) {
            let has = |variable: String| self.conf.get_set(&variable).is_some();
            if has(format!("ifconfig_{}", variable(name))) {
                complain!("netif: {name}: left alone: it was not made by kletka");
            }
        }
    }

    /// Makes an interface; `false`: it is not there, or not ours.
    fn create(&mut self, wanted: &Wanted) -> bool {
        let first = wanted.interfaces().remove(0);
        match self.find(&first) {
            Some(true) => return true,
            Some(false) => {
                self.warn(format_args!("{first}: left alone: it was not made by kletka"));
                return false;
            }
            None => {}
        }
        // A vlan may have any name; ifconfig(8) gives it one when it is there.
        let is_renamed = wanted.parent.is_some() && Cloner::parse(&wanted.name).is_none();
        let made_as = if is_renamed { "vlan" } else { &wanted.name };
        let mut line = vec![made_as.to_owned(), "create".to_owned()];
        if let Some(parent) = &wanted.parent {
            line.extend(["vlandev".to_owned(), parent.clone()]);
        }
        let arguments = format!("create_args_{}", variable(&wanted.name));
        let at = line.len();
        let is_good = self.extend(&mut line, &self.conf.get(&arguments))
            && self.keeps_name(&arguments, &line);
        if is_renamed {
            line.splice(at..at, ["name".to_owned(), wanted.name.clone()]);
        }
        if !is_good || !self.ifconfig(&line) {
            return false;
        }
        wanted.interfaces().iter().for_each(|name| self.mark(name));
        true
    }

    /// Puts an interface into the group of what is made here.
    fn mark(&mut self, name: &str) {
        let (Ok(name), Ok(group)) = (InterfaceName::parse(name), GroupName::parse(GROUP)) else {
            return;
        };
        if let Err(error) = self.netlink.add_group(&name, &group) {
            self.warn(format_args!("{name}: {error}"));
        }
    }

    /// network.subr: ifconfig_up, ipv4_up, ipv6_up.
    fn configure(&mut self, name: &str) -> bool {
        let base = format!("ifconfig_{}", variable(name));
        let is_set = |variable: &String| self.conf.get_set(variable).is_some();
        let first = if is_set(&base) { base.clone() } else { "ifconfig_DEFAULT".to_owned() };
        let mut variables = vec![(first, ""), (format!("{base}_ipv6"), "")];
        let aliases = (0usize..).map(|number| format!("{base}_alias{number}"));
        variables.extend(aliases.take_while(is_set).map(|alias| (alias, "alias")));
        let mut good = true;
        for (variable, last) in variables {
            let Some(value) = self.conf.get_set(&variable) else { continue };
            let mut line = vec![name.to_owned()];
            good &= self.extend(&mut line, &value) && {
                line.retain(|word| !self.is_for_dhcp(name, word));
                if !last.is_empty() && !line.iter().any(|word| word == last) {
                    line.push(last.to_owned());
                }
                line.len() == 1 || self.keeps_name(&variable, &line) && self.ifconfig(&line)
            };
        }
        if let Some(text) = self.conf.get_set(&format!("{base}_descr")) {
            good &= self.ifconfig(&[name.to_owned(), "description".to_owned(), text]);
        }
        good & self.ifconfig(&[name.to_owned(), "up".to_owned()])
    }

    /// Words of rc.conf that ask for a DHCP client: that is another program's work here.
    fn is_for_dhcp(&mut self, name: &str, word: &str) -> bool {
        match word.to_ascii_uppercase().as_str() {
            "DHCP" | "SYNCDHCP" | "NOSYNCDHCP" => {
                self.warn(format_args!(
                    "{name}: {word}: no DHCP client is started here: use the host's"
                ));
                true
            }
            "NOAUTO" => true,
            _ => false,
        }
    }

    fn extend(&mut self, line: &mut Vec<String>, value: &str) -> bool {
        match words::split(value) {
            Some(words) => {
                line.extend(words);
                true
            }
            None => {
                self.warn(format_args!("{}: a quote is not closed: {value}", line[0]));
                false
            }
        }
    }

    /// Refuses a new name in what `variable` says: no variable would find the interface, and nobody who stops it.
    fn keeps_name(&mut self, variable: &str, line: &[String]) -> bool {
        let is_renamed = crate::cli::network::ifconfig::renames(line);
        if is_renamed {
            self.warn(format_args!("{variable}: name: not supported"));
        }
        !is_renamed
    }

    fn ifconfig(&mut self, line: &[String]) -> bool {
        match crate::cli::network::ifconfig::command_line(line) {
            Ok(_) => true,
            Err(error) => {
                self.warn(format_args!("ifconfig {}: {error}", line.join(" ")));
                false
            }
        }
    }

    /// A default route, unless there is one already: that is the host's.
    fn route(&mut self, name: &str) {
        let Some(value) = self.conf.get_set(name).filter(|it| !it.eq_ignore_ascii_case("NO"))
        else {
            return;
        };
        let (address, scope) = match value.split_once('%') {
            Some((address, scope)) => (address.to_owned(), InterfaceName::parse(scope).ok()),
            None => (value.clone(), None),
        };
        let Ok(gateway) = address.parse() else {
            self.warn(format_args!("{name}: {value}: bad address"));
            return;
        };
        let mut route = Route::through(Prefix::default_of(gateway), gateway);
        route.interface = scope.and_then(|scope| self.netlink.index(&scope).ok());
        let routes = self.netlink.routes().unwrap_or_default();
        match routes.iter().find(|it| it.destination == route.destination) {
            Some(there) if there.gateway == route.gateway => {}
            Some(_) => complain!("netif: {name}: left alone: the host has a default route"),
            None => {
                if let Err(error) = self.netlink.add_route(&route) {
                    self.warn(format_args!("{name}: {value}: {error}"));
                }
            }
        }
    }

    /// Destroys what the first of `interfaces` is, if it was made here. Answers what has gone.
    fn destroy(&mut self, interfaces: Vec<String>) -> Vec<String> {
        let gone = interfaces.first().is_some_and(|first| {
            self.find(first) == Some(true) && self.ifconfig(&[first.clone(), "destroy".to_owned()])
        });
        if gone { interfaces } else { Vec::new() }
    }

    /// Destroys what was made here and rc.conf has forgotten since, the newest first. Answers what has gone.
    fn destroy_forgotten(&mut self) -> Vec<String> {
        let is_ours = |link: &Interface| link.groups.iter().any(|group| group == GROUP);
        let links = self.links().into_iter().rev().filter(is_ours);
        let mut left: Vec<String> = links.map(|link| link.name.to_string()).collect();
        for name in &left {
            self.destroy(vec![name.clone()]);
        }
        let existing = self.existing();
        left.retain(|name| !existing.contains(name));
        left
    }

    fn stop(&mut self, names: &[String]) {
        let existing = self.existing();
        let all = wanted(self.conf, &existing);
        let mut done = Vec::new();
        // Vlans before what they are on.
        for wanted in all.iter().rev().filter(|wanted| wanted.is_meant_by(names)) {
            // Who stops what was not started here is told by the start.
            done.extend(self.destroy(wanted.interfaces()));
        }
        if names.is_empty() {
            done.extend(self.destroy_forgotten());
        }
        if !done.is_empty() {
            say(format!("Stopping Network: {}.\n", done.join(" ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn what_is_wanted() {
        let existing = ["lo0".to_owned(), "re0".to_owned()];
        for (text, want) in [
            ("",                                                    vec![]),
            ("cloned_interfaces=\"bridge1 epair0\"",                vec![("bridge1", None), ("epair0", None)]),
            ("vlans_re0=\"7 8\"",                                   vec![("re0.7", None), ("re0.8", None)]),
            ("vlans_re0=\"vlan0\"",                                 vec![("vlan0", Some("re0"))]),
            ("vlans_re1=\"7\"",                                     vec![]),   // there is no re1
            ("cloned_interfaces=\"lagg0\"\nvlans_lagg0=\"7\"",      vec![("lagg0", None), ("lagg0.7", None)]),
        ] {
            let mut conf = RcConf::default();
            conf.read(text.as_bytes()).unwrap();
            let got = wanted(&conf, &existing);
            let got: Vec<_> = got.iter().map(|it| (it.name.as_str(), it.parent.as_deref())).collect();
            assert_eq!(got, want, "{text}");
        }
    }
}
