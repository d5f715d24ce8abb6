//! `service netif`: the interfaces of the host that kletka makes, by rc.conf(5). FreeBSD's
//! libexec/rc/network.subr and rc.d/netif have the variables and their order.
//!
//! `cloned_interfaces` and `vlans_IF` say what is made; `create_args_IF`, `ifconfig_IF`,
//! `ifconfig_IF_ipv6`, `ifconfig_IF_aliasN` and `ifconfig_IF_descr` how it is configured; `defaultrouter` and
//! `ipv6_defaultrouter` where it leads. What is made goes into the group `kletka`: nothing outside that group is
//! ever changed, because the host has a network manager of its own for it.

mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use netif::{Cloner, GroupName, Interface, InterfaceName, Netlink, Prefix, Route};
use rc::{RcConf, Request, Verb};

use super::sysrc::Tree;

/// The group of what is made here.
const GROUP: &str = "kletka";

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

/// The variable by which the host's boot makes the network: `service netif quietstart` does nothing without it.
const ENABLE: &str = "kletka_netif_enable";

/// `service netif`: a verb of service(8), and interfaces.
pub(crate) fn run(request: Request, names: &[String]) -> ExitCode {
    let conf = match RcConf::load(&Tree::Host, "netif") {
        Ok(conf) => conf,
        Err(failure) => return super::fail("netif", failure),
    };
    let is_enabled = conf.yes(ENABLE) == Ok(true);
    match request.verb {
        Verb::Start if request.quiet && !is_enabled => ExitCode::SUCCESS,
        Verb::Start => service(Action::Start, names, &conf),
        Verb::Stop => service(Action::Stop, names, &conf),
        Verb::Restart => service(Action::Restart, names, &conf),
        _ => super::fail(PATH, format_args!("'{}' is not supported", request.word())),
    }
}

/// Carries out `action` for the interfaces `names`, or for all that `conf` knows of.
pub(crate) fn service(action: Action, names: &[String], conf: &RcConf) -> ExitCode {
    let mut netlink = match Netlink::open() {
        Ok(netlink) => netlink,
        Err(error) => return super::fail("netif", error),
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
    /// As rc.conf has it: `epair0`, `re0.7`, `vlan0`.
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
            let new = match is_tag {
                true => Wanted { name: format!("{parent}.{word}"), parent: None },
                false => Wanted { name: word, parent: Some(parent.clone()) },
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
        let mut made = Vec::new();
        for wanted in all.iter().filter(|wanted| wanted.is_meant_by(names)) {
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
                text +=
                    &super::ifconfig::command_line(std::slice::from_ref(name)).unwrap_or_default();
            }
            say(&text);
        }
    }

    /// Says which interfaces are named, or have variables, and are not kletka's.
    fn leave_alone(&mut self, names: &[String]) {
        let existing = self.existing();
        let all = wanted(self.conf, &existing);
        let ours =
            |name: &String| all.iter().any(|wanted| wanted.is_meant_by(std::slice::from_ref(name)));
        for name in names.iter().filter(|name| !ours(name)) {
            let reason = match existing.contains(name) {
                true => "left alone: it was not made by kletka",
                false => "neither cloned_interfaces nor a vlans_IF of rc.conf names it",
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
        let mut line = vec![wanted.name.clone(), "create".to_owned()];
        if let Some(parent) = &wanted.parent {
            line.extend(["vlandev".to_owned(), parent.clone()]);
        }
        let arguments = self.conf.get(&format!("create_args_{}", variable(&wanted.name)));
        if !self.extend(&mut line, &arguments) || !self.ifconfig(&line) {
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
        let mut lines = Vec::new();
        let value = self.conf.get_set(&base).or_else(|| self.conf.get_set("ifconfig_DEFAULT"));
        lines.extend(value.map(|value| (value, "")));
        lines.extend(self.conf.get_set(&format!("{base}_ipv6")).map(|value| (value, "")));
        let alias = |number: usize| self.conf.get_set(&format!("{base}_alias{number}"));
        lines.extend((0..).map_while(alias).map(|value| (value, "alias")));
        let mut good = true;
        for (value, last) in lines {
            let mut line = vec![name.to_owned()];
            good &= self.extend(&mut line, &value) && {
                line.retain(|word| !self.is_for_dhcp(name, word));
                if !last.is_empty() && !line.iter().any(|word| word == last) {
                    line.push(last.to_owned());
                }
                line.len() == 1 || self.ifconfig(&line)
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

    fn ifconfig(&mut self, line: &[String]) -> bool {
        match super::ifconfig::command_line(line) {
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

    fn stop(&mut self, names: &[String]) {
        let existing = self.existing();
        let all = wanted(self.conf, &existing);
        let mut done = Vec::new();
        // Vlans before what they are on.
        for wanted in all.iter().rev().filter(|wanted| wanted.is_meant_by(names)) {
            let first = wanted.interfaces().remove(0);
            match self.find(&first) {
                Some(true) if self.ifconfig(&[first, "destroy".to_owned()]) => {
                    done.extend(wanted.interfaces());
                }
                // Who stops what was not started here is told by the start.
                _ => {}
            }
        }
        if !done.is_empty() {
            say(&format!("Stopping Network: {}.\n", done.join(" ")));
        }
    }
}

/// Prints at once. That nobody reads it is no reason to leave a network half started.
fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
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
