//! `service netif`: FreeBSD's libexec/rc/rc.d/netif and network.subr as a plan, [`Netif`].
//!
//! `cloned_interfaces` and `vlans_IF` say what is made; `create_args_IF`, `ifconfig_IF`,
//! `ifconfig_IF_ipv6`, `ifconfig_IF_aliasN`, `ipv4_addrs_IF` and `ifconfig_IF_descr` how it is
//! configured; `defaultrouter` and `ipv6_defaultrouter` where it leads; `gateway_enable` whether
//! the host forwards: rc.conf(5). The plan has all of it in its order. Left to whoever carries it
//! out: what ifconfig(8)'s words mean, whether an interface is there already, and which ones kletka
//! made; no other is ever changed.

mod plan;
mod ranges;
#[cfg(test)]
mod tests;
mod wanted;
mod warning;

pub use plan::{Cloned, Creation, DefaultRoute, Interface, LeftAlone, Start, Step, Stop};
pub use wanted::{Cloner, ClonerOf};
pub use warning::Warning;

use crate::conf::RcConf;
use crate::shell::words;
use wanted::{Wanted, parents, variable, wanted};

/// What rc.conf(5) of FreeBSD has for an interface and this does not; each before or after `IF`.
const UNSUPPORTED: [(&str, &str); 6] = [
    ("ifconfig_", "_name"),
    ("ifconfig_", "_aliases"),
    ("ifconfig_", "_vnet"),
    ("ipv6_prefix_", ""),
    ("gifconfig_", ""),
    ("autobridge_", ""),
];

/// Words of `ifconfig_IF` that are not ifconfig's: network.subr, _ifconfig_getargs. With each,
/// whether it asks for a DHCP client, which is another program's work here.
const NOT_OF_IFCONFIG: [(&str, bool); 4] =
    [("DHCP", true), ("SYNCDHCP", true), ("NOSYNCDHCP", true), ("NOAUTO", false)];

/// The service as rc.conf sets it up.
#[derive(Debug, Clone, Copy)]
pub struct Netif<'a> {
    conf: &'a RcConf,
    cloner_of: ClonerOf,
}

impl<'a> Netif<'a> {
    /// `cloner_of` knows which names stand for kinds of interfaces.
    pub fn new(conf: &'a RcConf, cloner_of: ClonerOf) -> Self {
        Self { conf, cloner_of }
    }

    /// What `start` does with the interfaces `names`, or with all where none is named. `existing`
    /// are the interfaces that the machine has.
    pub fn start(&self, names: &[String], existing: &[String]) -> Start {
        let all = self.wanted(existing);
        let meant = all.iter().filter(|wanted| wanted.is_meant_by(names, self.cloner_of));
        let cloned = meant.map(|wanted| self.cloned(wanted)).collect();
        if !names.is_empty() {
            return Start { warnings: Vec::new(), cloned, routes: Vec::new(), forwards: false };
        }
        let routes = ["defaultrouter", "ipv6_defaultrouter"];
        let routes = routes.into_iter().filter_map(|variable| self.route(variable)).collect();
        let mut warnings = self.missing_parents(&all, existing);
        let forwards = self.is_on("gateway_enable", &mut warnings);
        if self.is_on("ipv6_gateway_enable", &mut warnings) {
            warnings.push(Warning::Forwards6);
        }
        Start { warnings, cloned, routes, forwards }
    }

    /// Whether a variable says yes. A value that says neither is warned of, and is no.
    fn is_on(&self, variable: &str, warnings: &mut Vec<Warning>) -> bool {
        match self.conf.yes(variable) {
            Ok(is_on) => is_on,
            Err(error) => {
                warnings.push(Warning::NotSetProperly(error));
                false
            }
        }
    }

    /// What `stop` does with the interfaces `names`, or with all where none is named. `existing`
    /// are the interfaces that the machine has.
    pub fn stop(&self, names: &[String], existing: &[String]) -> Stop {
        let all = self.wanted(existing).into_iter().rev();
        let meant = all.filter(|wanted| wanted.is_meant_by(names, self.cloner_of));
        let destroyed = meant.map(|wanted| wanted.interfaces(self.cloner_of)).collect();
        Stop { destroyed, forgotten: names.is_empty() }
    }

    /// Which interfaces are named, or have a configuration in rc.conf, and are not made by it.
    pub fn left_alone(&self, names: &[String], existing: &[String]) -> LeftAlone {
        let all = self.wanted(existing);
        let is_made = |name: &&String| {
            let name = std::slice::from_ref(*name);
            all.iter().any(|wanted| wanted.is_meant_by(name, self.cloner_of))
        };
        if names.is_empty() {
            let is_set = |name: &&String| self.is_set(&format!("ifconfig_{}", variable(name)));
            let left = existing.iter().filter(|name| !is_made(name)).filter(is_set).cloned();
            return LeftAlone {
                remarked: left.map(Warning::NotOurs).collect(),
                ..LeftAlone::default()
            };
        }
        let left = names.iter().filter(|name| !is_made(name)).cloned();
        let refused = left.map(|name| {
            let is_there = existing.contains(&name);
            if is_there { Warning::NotOurs(name) } else { Warning::Unknown(name) }
        });
        LeftAlone { refused: refused.collect(), ..LeftAlone::default() }
    }

    fn wanted(&self, existing: &[String]) -> Vec<Wanted> {
        wanted(self.conf, existing, self.cloner_of)
    }

    fn is_set(&self, variable: &str) -> bool {
        self.conf.get_set(variable).is_some()
    }

    /// Which `vlans_IF` are of no interface.
    fn missing_parents(&self, all: &[Wanted], existing: &[String]) -> Vec<Warning> {
        let made = all.iter().flat_map(|wanted| wanted.interfaces(self.cloner_of));
        let known: Vec<String> =
            existing.iter().cloned().chain(made).map(|name| variable(&name)).collect();
        let missing = parents(self.conf).filter(|parent| !known.contains(parent));
        missing.map(Warning::NoParent).collect()
    }

    fn cloned(&self, wanted: &Wanted) -> Cloned {
        let interface = |name: String| Interface { steps: self.configuration(&name), name };
        Cloned {
            warnings: self.unsupported(&wanted.name),
            creation: self.creation(wanted),
            interfaces: wanted.interfaces(self.cloner_of).into_iter().map(interface).collect(),
        }
    }

    /// Which variables of an interface would have an effect on FreeBSD, and have none here.
    fn unsupported(&self, name: &str) -> Vec<Warning> {
        let of_interface =
            UNSUPPORTED.map(|(before, after)| format!("{before}{}{after}", variable(name)));
        let set = of_interface.into_iter().filter(|variable| self.is_set(variable));
        set.map(Warning::NotSupported).collect()
    }

    fn creation(&self, wanted: &Wanted) -> Result<Creation, Warning> {
        let Wanted { name, parent } = wanted.clone();
        // A vlan may have any name; ifconfig(8) gives it one when it is there.
        let is_renamed = parent.is_some() && (self.cloner_of)(&name).is_none();
        let (cloner, new) = if is_renamed { ("vlan", Some(name.clone())) } else { (&*name, None) };
        let variable = format!("create_args_{}", variable(&name));
        let words = split(cloner, &self.conf.get(&variable))?;
        Ok(Creation { cloner: cloner.to_owned(), parent, name: new, variable, words })
    }

    /// How an interface is configured: network.subr's ifconfig_up, ipv4_up, ipv6_up.
    fn configuration(&self, name: &str) -> Vec<Step> {
        let base = format!("ifconfig_{}", variable(name));
        let first = if self.is_set(&base) { &base } else { "ifconfig_DEFAULT" };
        let mut steps = self.line(name, first, false);
        steps.extend(self.line(name, &format!("{base}_ipv6"), false));
        let aliases = (0usize..).map(|number| format!("{base}_alias{number}"));
        for variable in aliases.take_while(|variable| self.is_set(variable)) {
            steps.extend(self.line(name, &variable, true));
        }
        steps.extend(self.addresses(name));
        steps.extend(self.conf.get_set(&format!("{base}_descr")).map(Step::Describe));
        steps.push(Step::Up);
        steps
    }

    /// What one variable says, of one more address where it `is_alias`.
    fn line(&self, interface: &str, variable: &str, is_alias: bool) -> Vec<Step> {
        let Some(value) = self.conf.get_set(variable) else { return Vec::new() };
        let split = match split(interface, &value) {
            Ok(split) => split,
            Err(warning) => return vec![Step::Fail(warning)],
        };
        let (mut steps, mut words) = (Vec::new(), Vec::new());
        for word in split {
            let is_it = |(known, _): &&(&str, bool)| word.eq_ignore_ascii_case(known);
            match NOT_OF_IFCONFIG.iter().find(is_it) {
                None => words.push(word),
                Some((_, false)) => {}
                Some((_, true)) => {
                    let interface = interface.to_owned();
                    steps.push(Step::Skip(Warning::Dhcp { interface, word }));
                }
            }
        }
        if is_alias && !words.iter().any(|word| word == "alias") {
            words.push("alias".to_owned());
        }
        if !words.is_empty() {
            steps.push(Step::Words { variable: variable.to_owned(), words });
        }
        steps
    }

    /// The addresses of `ipv4_addrs_IF`, ranges among them: network.subr, ipv4_addrs_common.
    fn addresses(&self, interface: &str) -> Vec<Step> {
        let name = format!("ipv4_addrs_{}", variable(interface));
        let most = self.conf.get("netif_ipexpand_max").parse().unwrap_or(ranges::MOST);
        let step = |word: String| match ranges::expanded(&word, most) {
            Some(all) => {
                let words = |it| ["inet".to_owned(), it, "alias".to_owned()].to_vec();
                let step = |it| Step::Words { variable: name.clone(), words: words(it) };
                all.into_iter().map(step).collect()
            }
            None => vec![Step::Fail(Warning::BadRange { variable: name.clone(), word })],
        };
        self.conf.words(&name).into_iter().flat_map(step).collect()
    }

    /// A default route, unless its variable says that there is none.
    fn route(&self, variable: &'static str) -> Option<Result<DefaultRoute, Warning>> {
        let value = self.conf.get_set(variable).filter(|it| !it.eq_ignore_ascii_case("NO"))?;
        let (address, scope) = match value.split_once('%') {
            Some((address, scope)) => (address, Some(scope.to_owned())),
            None => (&*value, None),
        };
        Some(match address.parse() {
            Ok(gateway) => Ok(DefaultRoute { variable, gateway, scope, value }),
            Err(_) => Err(Warning::BadGateway { variable, value }),
        })
    }
}

/// The words of a value; `interface` stands first on the line that they are for.
fn split(interface: &str, value: &str) -> Result<Vec<String>, Warning> {
    let (interface, text) = (interface.to_owned(), value.to_owned());
    words::split(value).ok_or(Warning::UnclosedQuote { interface, value: text })
}
