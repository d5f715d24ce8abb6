//! All jails of a configuration by their claims, and the check of some of them against all.

use crate::claim::{Claim, Made, Strength, claims};
use crate::command::{self, Command, HOOKS};
use crate::depend::{self, Known};
use crate::effect;
use crate::finding::{Finding, Findings, Severity};
use crate::host::Host;
use crate::missing;
use crate::path::{Ranks, Root, Roots, path_of};
use jailconf::{Jail, Place};
use jailparam::param;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// The facts of all jails. A survey may see the jails of several files that are used on one
/// machine.
///
/// Most claims are never looked at again: they are kept and compared as hashes of 64 bits.
#[derive(Debug, Default)]
pub struct Survey {
    hasher: RandomState,
    jails: Vec<Known>,
    by_name: HashMap<Box<[u8]>, usize>,
    claims: Vec<Holder>,
    roots: Vec<Root>,
    /// Sections that configure a jail a second time, and that no start uses.
    twice: Vec<Finding>,
}

/// A claim of a jail.
#[derive(Debug)]
struct Holder {
    claim: u64,
    jail: usize,
    place: Place,
    strength: Strength,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Survey {
    /// Adds a jail. Of two with one name, jail(8) uses the first.
    pub fn add(&mut self, jail: &Jail) {
        if let Some(&first) = self.by_name.get(jail.name.as_slice()) {
            self.twice.push(Finding {
                severity: Severity::Warning,
                jail: text(&jail.name),
                message: "configured twice; the first one is used".to_owned(),
                place: jail.place.clone(),
                other: Some(self.jails[first].place.clone()),
            });
            return;
        }
        let index = self.jails.len();
        let depends = jail.parameters.iter().filter(|given| param::DEPEND.is_called(&given.name));
        let depends = depends
            .flat_map(|given| given.values.iter().map(|on| (text(on), given.place.clone())))
            .collect();
        self.jails.push(Known { name: text(&jail.name), place: jail.place.clone(), depends });
        self.by_name.insert(jail.name.as_slice().into(), index);
        let hasher = &self.hasher;
        self.claims.extend(claims(jail).into_iter().map(|(claim, place, strength)| Holder {
            claim: hasher.hash_one(claim),
            jail: index,
            place: place.clone(),
            strength,
        }));
        self.roots.extend(Root::new(index, jail));
    }

    /// The sections that configure one of `jails` a second time.
    pub fn twice(&self, jails: &[Jail]) -> impl Iterator<Item = &Finding> {
        self.twice.iter().filter(|one| jails.iter().any(|jail| text(&jail.name) == one.jail))
    }

    /// The roots of all jails.
    pub fn roots(&self) -> impl Iterator<Item = &[u8]> {
        self.roots.iter().map(Root::path)
    }

    /// Checks `jails`, all of which have been added, in the order of their start: each against all
    /// others, and against the machine. Of two that cannot both run, the later one is at fault.
    pub fn check(&self, jails: &[Jail], host: &dyn Host) -> Findings {
        let index = |jail: &Jail| self.by_name.get(jail.name.as_slice()).copied();
        let ranks: Ranks = jails
            .iter()
            .enumerate()
            .filter_map(|(rank, jail)| Some((index(jail)?, rank)))
            .collect();
        let (roots, holders) = (Roots::new(&self.roots, &ranks), self.holders(jails));
        let helped = self.helped(jails);
        let mut findings = Vec::new();
        for jail in jails {
            let Some(index) = index(jail) else { continue };
            let findings = &mut findings;
            let (holders, roots, ranks) = (&holders, &roots, &ranks);
            let mut check =
                Check { survey: self, holders, roots, ranks, jail, index, findings, host };
            check.claims();
            check.path();
            check.hooks();
            missing::check(jail, helped.contains(&index), host, check.findings);
        }
        for jail in jails {
            effect::check(jail, host, &mut findings);
        }
        Findings(findings)
    }

    /// Finds those of `jails` for which another one may make something before they start, because
    /// they depend on it.
    fn helped(&self, jails: &[Jail]) -> HashSet<usize> {
        let index = |name: &[u8]| self.by_name.get(name).copied();
        let mut dependents: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut makers = Vec::new();
        for jail in jails {
            let Some(dependent) = index(&jail.name) else { continue };
            if missing::makes(jail) {
                makers.push(dependent);
            }
            for (on, _) in &self.jails[dependent].depends {
                if let Some(on) = index(on.as_bytes()) {
                    dependents.entry(on).or_default().push(dependent);
                }
            }
        }
        let mut helped = HashSet::new();
        // Through chains too: what the first jail makes is there for all that wait for it.
        while let Some(maker) = makers.pop() {
            let waiting = dependents.get(&maker).into_iter().flatten();
            makers.extend(waiting.filter(|jail| helped.insert(**jail)));
        }
        helped
    }

    /// Finds who makes the claims that `jails` make or mention.
    fn holders(&self, jails: &[Jail]) -> HashMap<u64, Vec<&Holder>> {
        let mut holders: HashMap<u64, Vec<&Holder>> = HashMap::new();
        // First an empty list for each: the claims of 200,000 other jails are then passed by.
        let mut want = |claim: Claim<'_>| {
            holders.entry(self.hasher.hash_one(claim)).or_default();
        };
        for jail in jails {
            claims(jail).into_iter().for_each(|(claim, ..)| want(claim));
            for_each_mention(jail, |_, interface| {
                want(Claim::Interface(interface));
                command::epair(interface).map(Claim::Created).map(&mut want);
            });
        }
        for holder in &self.claims {
            if let Some(known) = holders.get_mut(&holder.claim) {
                known.push(holder);
            }
        }
        holders
    }

    /// Checks the files as they are, whichever jails are started: jails that are described twice, a
    /// `depend` on a jail that does not exist, and circles of these.
    pub fn check_structure(&self) -> Findings {
        let mut findings = self.twice.clone();
        depend::check(
            &self.jails,
            |name| self.by_name.get(name.as_bytes()).copied(),
            &mut findings,
        );
        Findings(findings)
    }
}

/// Calls `act` for every interface that a command of `jail` names.
fn for_each_mention<'j>(jail: &'j Jail, mut act: impl FnMut(&Command<'j>, &'j str)) {
    for parameter in HOOKS.into_iter().chain([param::EXEC_START, param::EXEC_STOP]) {
        for command in command::commands(jail, parameter) {
            for line in command.ifconfigs() {
                line.interfaces().for_each(|interface| act(&command, interface));
            }
        }
    }
}

/// The check of one jail.
struct Check<'a> {
    survey: &'a Survey,
    holders: &'a HashMap<u64, Vec<&'a Holder>>,
    roots: &'a Roots<'a>,
    ranks: &'a Ranks,
    jail: &'a Jail,
    index: usize,
    findings: &'a mut Vec<Finding>,
    host: &'a dyn Host,
}

impl<'a> Check<'a> {
    fn find(&mut self, severity: Severity, message: String, place: &Place, other: Option<&Place>) {
        self.findings.push(Finding {
            severity,
            jail: text(&self.jail.name),
            message,
            place: place.clone(),
            other: other.cloned(),
        });
    }

    fn name(&self, jail: usize) -> &'a str {
        &self.survey.jails[jail].name
    }

    /// Whether the jail `other` starts before this one.
    fn is_earlier(&self, other: usize) -> bool {
        self.ranks.get(&other).is_some_and(|rank| Some(rank) < self.ranks.get(&self.index))
    }

    /// Whether this jail reports a fault that it shares with `other`: `other` is earlier, or is not
    /// checked. A later one reports the fault itself.
    fn tells_of(&self, other: usize) -> bool {
        self.is_earlier(other) || !self.ranks.contains_key(&other)
    }

    /// The same claim of other jails.
    fn others(&self, claim: Claim<'_>) -> impl Iterator<Item = &'a Holder> + use<'a> {
        let (index, claim) = (self.index, self.survey.hasher.hash_one(claim));
        let holders = self.holders.get(&claim).into_iter().flatten().copied();
        holders.filter(move |holder| holder.jail != index)
    }

    /// Reports what this jail claims and another one claims too.
    fn claims(&mut self) {
        let (mut told, mut rivals) = (HashSet::new(), HashSet::new());
        for made in claims(self.jail) {
            let earlier = self.others(made.0).find(|it| self.is_earlier(it.jail));
            let rival = earlier.or_else(|| self.others(made.0).find(|it| self.tells_of(it.jail)));
            let Some(rival) = rival.filter(|_| told.insert(made.0)) else { continue };
            let Some(severity) = self.severity(&made, rival) else { continue };
            // The rival's claim of an end of this epair is reported already: the epair itself would
            // be a second message for one mistake.
            if !matches!(made.0, Claim::Created(_)) || !rivals.contains(&rival.jail) {
                rivals.insert(rival.jail);
                let message = made.0.is_also_of(self.name(rival.jail));
                self.find(severity, message, made.1, Some(&rival.place));
            }
        }
    }

    /// How bad it is that `other` makes the same claim; none if both were meant to make it.
    fn severity(&self, (claim, place, strength): &Made<'_>, other: &Holder) -> Option<Severity> {
        use Strength::{OnlyAddress, Usual};
        // One line outside of sections gives the address to both: nobody writes that by mistake.
        let meant = matches!(claim, Claim::Address(_)) && *place == &other.place;
        match (*strength, other.strength) {
            _ if meant => None,
            (Usual, _) | (_, Usual) | (OnlyAddress, OnlyAddress) => Some(Severity::Warning),
            _ if self.is_earlier(other.jail) => Some(Severity::Error),
            // The other jail is not to be started: these may be two ways to set a machine up, one
            // of which is in use.
            _ => Some(Severity::Warning),
        }
    }

    /// Compares the jail's root with others: the same, inside another, or around another.
    fn path(&mut self) {
        let Some((path, place)) = path_of(self.jail) else { return };
        let (path, shown) = (&*path, text(&path));
        // One line that gives all jails one root is meant. Two lines with one path may be a copy
        // that was not finished.
        let mut same = self.roots.same(path).iter();
        let same =
            same.find(|it| it.jail != self.index && it.place != *place && self.tells_of(it.jail));
        if let Some(same) = same {
            let message = format!("path {shown} is {}'s too", self.name(same.jail));
            self.find(Severity::Warning, message, place, Some(&same.place));
        }
        if let Some(outer) = self.roots.around(path) {
            let (directory, name) = (outer.show(), self.name(outer.jail));
            let message = format!(
                "path {shown} is inside {directory}, where the root user of {name} can change it"
            );
            self.find(Severity::Warning, message, place, Some(&outer.place));
        }
        if let Some(inner) = self.roots.inside(path) {
            let (directory, name) = (inner.show(), self.name(inner.jail));
            let message = format!(
                "path {shown} holds {directory}, the root of {name}, which this jail can change"
            );
            self.find(Severity::Warning, message, place, Some(&inner.place));
        }
    }

    /// Reports interfaces of other jails in this jail's hooks.
    fn hooks(&mut self) {
        let own: HashSet<&str> = claims(self.jail)
            .into_iter()
            .filter_map(|(claim, ..)| match claim {
                Claim::Interface(name) | Claim::Created(name) => Some(name),
                _ => None,
            })
            .collect();
        let own_epairs: HashSet<&str> =
            own.iter().filter_map(|name| command::epair(name)).collect();
        let mut told = HashSet::new();
        for_each_mention(self.jail, |command, interface| {
            let is_own = match command::epair(interface) {
                Some(epair) => own_epairs.contains(epair),
                None => own.contains(interface),
            };
            if !is_own && told.insert((command.parameter.name, interface)) {
                self.mention(command, interface, !own_epairs.is_empty());
            }
        });
    }

    /// Reports that a hook names an interface that is not the jail's own.
    fn mention(&mut self, command: &Command<'_>, interface: &str, has_epairs: bool) {
        let epair = command::epair(interface);
        let made = epair.and_then(|epair| self.others(Claim::Created(epair)).next());
        let owner = self.others(Claim::Interface(interface)).next().or(made);
        let parameter = command.parameter.name;
        if let Some(owner) = owner {
            let message =
                format!("{parameter}: {interface} is {}'s interface", self.name(owner.jail));
            self.find(Severity::Warning, message, command.place, Some(&owner.place));
        } else if epair.is_some() && has_epairs && !self.host.has_interface(interface) {
            // The jail has epairs of another number: nobody makes this one, and it is not on the
            // host.
            let message =
                format!("{parameter}: {interface} is neither this jail's interface nor the host's");
            self.find(Severity::Warning, message, command.place, None);
        }
    }
}

#[cfg(test)]
mod tests;
