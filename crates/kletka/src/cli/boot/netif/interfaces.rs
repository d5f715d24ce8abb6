//! The interfaces of the host, started and stopped as [`rc::netif`] plans it.
//!
//! What rc.conf(5) says in words is understood here, by [`networds`]; all else becomes changes of
//! ifconfig(8) without ever having been words. An interface is looked up when its turn comes,
//! because what was made before may have brought others with it.

use std::fmt::Display;
use std::fs;

use netif::{Cloner, GroupName, InterfaceName, Maker, Prefix, Route};
use networds::ifconfig::{Change, Configuration, UsageError, parameters};
use rc::RcConf;
use rc::netif::{Cloned, Creation, DefaultRoute, Interface, Netif, Step, Warning};

use crate::cli::answer::reason;
use crate::cli::boot::rc_subr::say;
use crate::cli::network::ifconfig;
use crate::cli::network::ifconfig::network::Network;

/// The group of what is made here.
const GROUP: &str = "kletka";

/// Where the kernel is told to forward IPv4.
const FORWARDS: &str = "/proc/sys/net/ipv4/ip_forward";

/// The mark that an interface has from the first, until it is in the group.
fn maker() -> Maker {
    Maker::service("netif")
}

/// The interfaces that rc.conf is about.
pub(super) struct Interfaces<'a> {
    network: &'a mut Network,
    netif: Netif<'a>,
    /// Nothing has failed so far.
    good: bool,
}

/// Whether interfaces are there, and ours.
#[derive(Debug, Clone, Copy)]
enum Made {
    Not,
    /// By an earlier start.
    Before,
    New,
}

/// Which kind of interface a name stands for.
fn cloner_of(name: &str) -> Option<rc::netif::Cloner> {
    Some(match Cloner::parse(name)? {
        Cloner::Epair(_) => rc::netif::Cloner::Epair,
        _ => rc::netif::Cloner::Other,
    })
}

impl<'a> Interfaces<'a> {
    pub(super) fn new(network: &'a mut Network, conf: &'a RcConf) -> Self {
        network.netlink.make_for(maker());
        Self { network, netif: Netif::new(conf, cloner_of), good: true }
    }

    /// Whether nothing has failed.
    pub(super) fn is_good(&self) -> bool {
        self.good
    }

    /// Says which interfaces are named, or have variables, and are not kletka's.
    pub(super) fn leave_alone(&mut self, names: &[String]) {
        let existing = self.existing();
        let left = self.netif.left_alone(names, &existing);
        left.refused.iter().for_each(|warning| self.warn(warning));
        left.remarked.iter().for_each(remark);
    }

    /// Destroys what a run has left half made that was killed: such an interface may lack a part
    /// of what it is made with, its name included.
    pub(super) fn undo_half_made(&mut self) {
        let marked = |link: &netif::Interface| link.maker == Some(maker());
        for link in self.links().into_iter().filter(marked) {
            if is_in_group(&link) {
                self.mark(link.name.as_str());
            } else if self.find(link.name.as_str()).is_some() {
                // Looked for again: both ends of an epair are listed, and are destroyed together.
                self.destroy(link.name.as_str());
            }
        }
    }

    /// Makes and configures `names`, or all.
    pub(super) fn start(&mut self, names: &[String]) {
        let existing = self.existing();
        let plan = self.netif.start(names, &existing);
        plan.warnings.iter().for_each(|warning| self.warn(warning));
        let (mut made, mut new) = (Vec::new(), Vec::new());
        for cloned in &plan.cloned {
            cloned.warnings.iter().for_each(|warning| self.warn(warning));
            match self.make(cloned) {
                Made::Not => continue,
                Made::New => new.extend(&cloned.interfaces),
                Made::Before => {}
            }
            made.extend(&cloned.interfaces);
        }
        let is_made = !made.is_empty();
        made.retain(|interface| self.configure(interface));
        // Last, so that no start finds a part of the configuration on what a killed one has left.
        new.iter().for_each(|interface| self.mark(&interface.name));
        for route in plan.routes.iter().filter(|_| is_made) {
            match route {
                Ok(route) => self.add_route(route),
                Err(warning) => self.warn(warning),
            }
        }
        if plan.forwards
            && let Err(error) = fs::write(FORWARDS, "1")
        {
            self.warn(format_args!("gateway_enable: {FORWARDS}: {}", reason(error)));
        }
        let done: Vec<&str> = made.iter().map(|interface| interface.name.as_str()).collect();
        if !done.is_empty() {
            // One that has vanished meanwhile has no entry.
            let entry = |name| ifconfig::entry(self.network, name).unwrap_or_default();
            let text = format!("Starting Network: {}.\n", done.join(" "));
            say(text + &done.iter().copied().map(entry).collect::<String>());
        }
    }

    /// Destroys `names`, or all.
    pub(super) fn stop(&mut self, names: &[String]) {
        let existing = self.existing();
        let plan = self.netif.stop(names, &existing);
        let mut done = Vec::new();
        for interfaces in plan.destroyed {
            // What was not made here stays, and nothing is said of it: the start says so.
            if interfaces.first().is_some_and(|first| self.destroy(first)) {
                done.extend(interfaces);
            }
        }
        if plan.forgotten {
            done.extend(self.destroy_forgotten());
        }
        if !done.is_empty() {
            say(format!("Stopping Network: {}.\n", done.join(" ")));
        }
    }

    fn warn(&mut self, warning: impl Display) {
        self.good = false;
        remark(format_args!("WARNING: {warning}"));
    }

    fn links(&mut self) -> Vec<netif::Interface> {
        self.network.netlink.links().unwrap_or_else(|error| {
            self.warn(error);
            Vec::new()
        })
    }

    fn existing(&mut self) -> Vec<String> {
        self.links().iter().map(|link| link.name.to_string()).collect()
    }

    /// Whether the interface was made here. `None`: it is not there.
    fn find(&mut self, name: &str) -> Option<bool> {
        self.links().iter().find(|link| link.name.as_str() == name).map(is_ours)
    }

    /// Makes interfaces that are not there.
    fn make(&mut self, cloned: &Cloned) -> Made {
        let Some(first) = cloned.interfaces.first() else { return Made::Not };
        match (self.find(&first.name), &cloned.creation) {
            (Some(true), _) => return Made::Before,
            (Some(false), _) => self.warn(Warning::NotOurs(first.name.clone())),
            (None, Ok(creation)) if self.create(creation) => return Made::New,
            (None, Ok(_)) => {}
            (None, Err(warning)) => self.warn(warning),
        }
        Made::Not
    }

    fn create(&mut self, creation: &Creation) -> bool {
        let Creation { cloner, parent, name, variable, words } = creation;
        let wanted = parameters::read_creation(cloner, parent.as_deref(), words);
        if !self.keeps_name(variable, &wanted) {
            return false;
        }
        self.ifconfig(creation, named(wanted, name.as_deref()))
    }

    /// Puts an interface into the group of what is made here. The mark is not needed from then on:
    /// whoever takes the interface out of the group takes it from us.
    fn mark(&mut self, name: &str) {
        let (Ok(name), Ok(group)) = (InterfaceName::parse(name), GroupName::parse(GROUP)) else {
            return;
        };
        let netlink = &mut self.network.netlink;
        let marked = netlink.add_group(&name, &group).and_then(|()| netlink.forget_maker(&name));
        if let Err(error) = marked {
            self.warn(format_args!("{name}: {error}"));
        }
    }

    /// Configures an interface; whether every step was done.
    fn configure(&mut self, interface: &Interface) -> bool {
        let mut good = true;
        for step in &interface.steps {
            good &= self.take(&interface.name, step);
        }
        good
    }

    fn take(&mut self, interface: &str, step: &Step) -> bool {
        let wanted = match step {
            Step::Skip(warning) => {
                self.warn(warning);
                return true;
            }
            Step::Fail(warning) => {
                self.warn(warning);
                return false;
            }
            Step::Words { variable, words } => {
                let wanted = parameters::read(interface, words);
                if !self.keeps_name(variable, &wanted) {
                    return false;
                }
                wanted
            }
            Step::Describe(text) => Ok(changed(interface, Change::Description(text.clone()))),
            Step::Up => Ok(changed(interface, Change::Up)),
        };
        self.ifconfig(format_args!("{interface} {step}"), wanted)
    }

    /// Refuses another name for an interface, in what `variable` says.
    fn keeps_name(&mut self, variable: &str, wanted: &Wanted) -> bool {
        let is_name = |change: &Change| matches!(change, Change::Rename(_));
        let is_renamed = wanted.as_ref().is_ok_and(|it| it.changes.iter().any(is_name));
        if is_renamed {
            self.warn(Warning::Renames(variable.to_owned()));
        }
        !is_renamed
    }

    /// Makes changes, which `line` says in words; whether they were made.
    fn ifconfig(&mut self, line: impl Display, wanted: Wanted) -> bool {
        let wanted = wanted.map_err(|error| error.to_string());
        let done = wanted.and_then(|wanted| ifconfig::change(self.network, &wanted));
        if let Err(error) = &done {
            self.warn(format_args!("ifconfig {line}: {error}"));
        }
        done.is_ok()
    }

    /// Adds a default route, unless there is one already: that is the host's.
    fn add_route(&mut self, planned: &DefaultRoute) {
        let DefaultRoute { variable, value, gateway, scope } = planned;
        let netlink = &mut self.network.netlink;
        let mut route = Route::through(Prefix::default_of(*gateway), *gateway);
        if let Some(scope) = scope {
            let index = InterfaceName::parse(scope).ok().and_then(|it| netlink.index(&it).ok());
            route.interface = index;
            if index.is_none() {
                let text = format!("{variable}: {value}: interface {scope} does not exist");
                return self.warn(text);
            }
        }
        let routes = netlink.routes().unwrap_or_default();
        match routes.iter().find(|it| it.destination == route.destination) {
            Some(there) if there.gateway == route.gateway => {}
            Some(_) => remark(Warning::HasRoute(variable)),
            None => {
                if let Err(error) = netlink.add_route(&route) {
                    self.warn(format_args!("{variable}: {value}: {error}"));
                }
            }
        }
    }

    /// Destroys an interface, if it was made here; whether it is gone.
    fn destroy(&mut self, name: &str) -> bool {
        self.find(name) == Some(true)
            && self.ifconfig(format_args!("{name} destroy"), Ok(changed(name, Change::Destroy)))
    }

    /// Destroys what was made here and rc.conf has forgotten since, the newest first. Answers what
    /// has gone.
    fn destroy_forgotten(&mut self) -> Vec<String> {
        let links = self.links().into_iter().rev().filter(is_ours);
        let mut left: Vec<String> = links.map(|link| link.name.to_string()).collect();
        for name in &left {
            self.destroy(name);
        }
        let existing = self.existing();
        left.retain(|name| !existing.contains(name));
        left
    }
}

/// The changes of one interface, or what is wrong with the words that say them.
type Wanted = Result<Configuration, UsageError>;

fn changed(interface: &str, change: Change) -> Configuration {
    let changes = vec![change];
    Configuration { interface: interface.to_owned(), changes, ..Configuration::default() }
}

/// The same, with another name for the interface, if any, before all other changes.
fn named(wanted: Wanted, name: Option<&str>) -> Wanted {
    let Some(name) = name else { return wanted };
    // A wrong name is reported before the words, as it stands before them in the message.
    let name = InterfaceName::parse(name).map_err(UsageError::Name)?;
    let mut wanted = wanted?;
    wanted.changes.insert(0, Change::Rename(name));
    Ok(wanted)
}

fn is_ours(link: &netif::Interface) -> bool {
    is_in_group(link) || link.maker == Some(maker())
}

fn is_in_group(link: &netif::Interface) -> bool {
    link.groups.iter().any(|group| group == GROUP)
}

fn remark(text: impl Display) {
    complain!("netif: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    use networds::ifconfig::{Purpose, parse};

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// What is made is what the message says that was to be made.
    #[test]
    fn a_creation_is_what_its_line_says() {
        for (cloner, parent, name, arguments) in [
            ("bridge1", None, None, "descr lan addm re0"),
            ("vlan0", Some("re0"), None, "vlan 9"),
            ("vlan0", Some("re0"), None, "vlan 9 vlandev re1"),
            ("vlan", Some("re0"), Some("office"), "up vlan 10 10.0.0.1/24 mtu 1400"),
            ("vlan", Some("re0"), Some("office"), "vlan"),
            ("vlan", Some("re0"), Some("longer_than_any_name"), "vlan"),
        ] {
            let creation = Creation {
                cloner: cloner.to_owned(),
                parent: parent.map(str::to_owned),
                name: name.map(str::to_owned),
                variable: String::new(),
                words: words(arguments),
            };
            let wanted = parameters::read_creation(cloner, parent, &creation.words);
            let said = parse(&words(&creation.to_string())).map(|invocation| invocation.purpose);
            assert_eq!(named(wanted, name).map(Purpose::Configure), said, "{creation}");
        }
    }
}
