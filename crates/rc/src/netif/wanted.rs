//! Which interfaces rc.conf(5) wants made: `cloned_interfaces` and `vlans_IF`.

use crate::conf::RcConf;

/// What kind of interface a name stands for when it is written before `create`: ifconfig(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloner {
    /// `epairN`: two interfaces come of it, `epairNa` and `epairNb`.
    Epair,
    /// Any other kind: the interface is called so.
    Other,
}

/// Answers what a name stands for. `None`: no kind of interface is called so.
pub type ClonerOf = fn(&str) -> Option<Cloner>;

/// An interface that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// As rc.conf has it: `epair0`, `re0.7`, `vlan0`, `office`.
    pub(super) name: String,
    /// The parent of a vlan whose name does not say it.
    pub(super) parent: Option<String>,
}

impl Wanted {
    /// The interfaces that are there when it has been made.
    pub(super) fn interfaces(&self, cloner_of: ClonerOf) -> Vec<String> {
        let name = &self.name;
        match cloner_of(name) {
            Some(Cloner::Epair) => vec![format!("{name}a"), format!("{name}b")],
            Some(Cloner::Other) | None => vec![name.clone()],
        }
    }

    /// Whether one of `names` means it. No names mean everything.
    pub(super) fn is_meant_by(&self, names: &[String], cloner_of: ClonerOf) -> bool {
        names.is_empty()
            || names.contains(&self.name)
            || self.interfaces(cloner_of).iter().any(|it| names.contains(it))
    }
}

/// All that `conf` wants made on top of the interfaces `existing`: clones first, vlans after what
/// they are on.
pub(super) fn wanted(conf: &RcConf, existing: &[String], cloner_of: ClonerOf) -> Vec<Wanted> {
    let clone = |name| Wanted { name, parent: None };
    let mut all: Vec<Wanted> = conf.words("cloned_interfaces").into_iter().map(clone).collect();
    let mut parents: Vec<String> = existing.to_vec();
    parents.extend(all.iter().flat_map(|wanted| wanted.interfaces(cloner_of)));
    parents.dedup();
    for parent in parents {
        for word in conf.words(&vlans_of(&parent)) {
            let vlan = vlan(&parent, word);
            if !all.contains(&vlan) {
                all.push(vlan);
            }
        }
    }
    all
}

/// What a word of `vlans_IF` stands for: the tag of a vlan, or the name of one.
fn vlan(parent: &str, word: String) -> Wanted {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        Wanted { name: format!("{parent}.{word}"), parent: None }
    } else {
        Wanted { name: word, parent: Some(parent.to_owned()) }
    }
}

fn vlans_of(parent: &str) -> String {
    format!("vlans_{}", variable(parent))
}

/// The interfaces whose `vlans_IF` of `conf` is not empty, named as in these variables.
pub(super) fn parents(conf: &RcConf) -> impl Iterator<Item = String> {
    let names = conf.names().filter_map(|name| std::str::from_utf8(name).ok());
    let set = names.filter_map(|name| Some((name, name.strip_prefix("vlans_")?)));
    set.filter(|(name, _)| !conf.words(name).is_empty()).map(|(_, parent)| parent.to_owned())
}

/// The name of an interface inside that of a variable: rc.subr's ltr.
pub(super) fn variable(name: &str) -> String {
    name.replace(['.', '-', '/', '+'], "_")
}
