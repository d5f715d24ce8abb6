//! `jail -m`: how a jail that runs differs from what its parameters say, and whether it can be
//! changed without a restart. FreeBSD's `rdtun_params()` and `update_jail()`.

use super::configured::Subject;
use super::facts::Facts;
use super::ledger::Ledger;
use super::name;
use crate::addresses;
use crate::devices::{self, Renewal};
use crate::error::Error;
use crate::fib;
use crate::identity;
use crate::ipc;
use crate::jail::Jail;
use crate::permission;
use crate::recorded::{self, same_place};
use crate::refusal::Refusal;
use crate::securelevel;
use crate::spec::{most_inside, most_processes, mounts_given, told_of_mount, users};
use crate::voice::Notice;
use jailparam::{Access, Handle, Parameter, Set, Text, Value, param};
use prison::{Addresses, Change, Mount, Mounted, Moves, Prison, Record, Registry, Remounted, Spec};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

/// The difference between a jail that runs and what its parameters say now.
pub(crate) struct Changes {
    /// The parameters of the jail after the changes.
    set: Set,
    /// Parameters that get another value, and can while the jail runs.
    live: Vec<&'static Parameter>,
    /// What is mounted in the jail after the changes, and what of that changes.
    mounts: Option<(Vec<Mount>, Moves)>,
    /// The first parameter that differs and cannot be changed after creation.
    fixed: Option<&'static str>,
}

impl Changes {
    /// Compares `jail` with what its prison has. Parameters that are not given stay as they are.
    ///
    /// # Errors
    /// The registry's record of the prison cannot be used, or `meta` or `env` would be too long.
    pub(crate) fn find(record: &Record, jail: &Jail) -> Result<Self, Refusal> {
        let wanted = &jail.parameters;
        let set = recorded::read(record).map_err(|error| Refusal::Record(jail.into(), error))?;
        let mut changes = Self { set, live: Vec::new(), mounts: None, fixed: None };
        for (parameter, value) in wanted.export() {
            // `meta.KEY` and `env.KEY` edit the text that the jail has.
            let value = match wanted.edited(parameter, &changes.set) {
                Some(edited) => {
                    edited.map_err(|error| Refusal::Parameter(jail.into(), error.into()))?
                }
                None if param::NAME.is(parameter) => name::whole(&value, record)
                    .map_err(|error| Refusal::Change(jail.into(), error))?,
                None => value,
            };
            // The jid has found the jail, so it does not differ.
            let given = wanted.given(parameter).is_some() && !param::JID.is(parameter);
            if !given || changes.has(parameter, &value) {
                continue;
            }
            if is_live(parameter)
                && (record.is_held() || !is_of_addresses(parameter))
                && !changes.is_of_the_start(record, parameter, &value)
            {
                changes.live.push(parameter);
                changes.set.put_value(parameter, value);
            } else {
                changes.fixed.get_or_insert(parameter.name);
            }
        }
        changes.find_mounts(record, jail)?;
        let checked = permission::check(&changes.set, users(&changes.set));
        checked.map_err(Refusal::step(jail))?;
        Ok(changes)
    }

    /// Takes each given parameter that can be changed as one that differs: a jail that cannot be
    /// read has no value to compare with.
    pub(crate) fn of_any(wanted: &Set) -> Self {
        // By its name, the jail is found that has it.
        let finds = |parameter: &Parameter| {
            param::NAME.is(parameter) && wanted.given(param::JID.parameter()).is_none()
        };
        let live = |parameter: &&'static Parameter| {
            wanted.given(parameter).is_some() && is_live(parameter) && !finds(parameter)
        };
        let live = jailparam::shown().filter(live).collect();
        Self { set: wanted.clone(), live, mounts: None, fixed: None }
    }

    /// Compares what is mounted in the jail with what `jail` says of that, if it says anything.
    fn find_mounts(&mut self, record: &Record, jail: &Jail) -> Result<(), Refusal> {
        // With the path that the jail has.
        let prisons = Jail { configured: None, parameters: self.set.clone(), given: None };
        let given = mounts_given(&prisons, &jail.parameters).map_err(Refusal::step(jail))?;
        let Some(wanted) = given else { return Ok(()) };
        // Of a jail that an older kletka has made nobody knows what is mounted.
        let Some(moves) = record.moves(&wanted).filter(|moves| !moves.is_empty()) else {
            return Ok(());
        };
        if record.can_move(&moves, &wanted) {
            self.mounts = Some((wanted, moves));
        } else {
            let is_file = jail.parameters.given(param::MOUNT_FSTAB.parameter()).is_some();
            let of = if is_file { param::MOUNT_FSTAB.name } else { param::MOUNT.name };
            self.fixed.get_or_insert(of);
        }
        Ok(())
    }

    /// Whether the jail would have to be made anew for this value, although the parameter can be
    /// given others while the jail runs.
    fn is_of_the_start(
        &self,
        record: &Record,
        parameter: &'static Parameter,
        value: &Value,
    ) -> bool {
        if param::CHILDREN_MAX.is(parameter) {
            // Its control group, /proc and /run are made for jails inside, or not.
            return !record.children.has_room();
        }
        if let (true, Value::Int(level)) = (param::SECURELEVEL.is(parameter), value) {
            return securelevel::holds_from_start_alone(&self.set, *level);
        }
        if identity::is_of_the_start(parameter) {
            return true;
        }
        // Which objects of System V a jail has is a matter of its namespace.
        let is_shared = |set: &Set| ipc::of(set).map(|ipc| ipc.is_inherited).ok();
        let mut after = self.set.clone();
        after.put_value(parameter, value.clone());
        ipc::is_one(parameter) && is_shared(&after) != is_shared(&self.set)
    }

    /// Whether the jail has this value already.
    fn has(&self, parameter: &Parameter, value: &Value) -> bool {
        match (self.set.value(parameter), value) {
            (Some(Value::Text(old)), Value::Text(new)) if param::PATH.is(parameter) => {
                same_place(&old, new)
            }
            (Some(old), new) => old == *new,
            (None, Value::Text(text)) => text.is_empty(),
            (None, Value::List(values)) => values.is_empty(),
            (None, _) => false,
        }
    }

    /// The parameter for which the jail would have to be created anew, if there is one.
    pub(crate) fn fixed(&self) -> Option<&'static str> {
        self.fixed
    }

    /// Whether nothing is left to change.
    pub(crate) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.mounts.is_none()
    }

    /// The line that `jail -v` shows of the call. `jail` finds the jail, as in `jid=1`.
    pub(crate) fn line(&self, jail: &str) -> String {
        let words = self.live.iter().filter_map(|parameter| self.set.assignment(parameter, true));
        let words = words.map(|word| format!(" {}", String::from_utf8_lossy(&word)));
        format!("jail_set(JAIL_UPDATE) {jail}{}", words.collect::<String>())
    }

    /// What is unmounted and mounted, in the words of the commands that would do it.
    pub(crate) fn mount_lines(&self) -> Vec<String> {
        self.mounts.as_ref().map(|(wanted, moves)| told(moves, wanted)).unwrap_or_default()
    }

    /// The parameters that change and give or take rights. Only processes that enter the jail from
    /// now on get them: a filter and capabilities that a process has given up cannot be returned
    /// from outside.
    pub(crate) fn for_later(&self) -> impl Iterator<Item = &'static str> {
        let is_right = |parameter: &&&Parameter| {
            // The jail's /dev changes at once, and so does what init mounts for the jail.
            let is_permission = parameter.name.starts_with("allow.")
                && !permission::is_of_file_system(parameter.name)
                && !param::ALLOW_VMM.is(parameter);
            is_permission || param::SECURELEVEL.is(parameter) || ipc::is_one(parameter)
        };
        self.live.iter().filter(is_right).map(|parameter| parameter.name)
    }

    /// Whether what the jail's processes may do is to change.
    fn changes_rights(&self) -> bool {
        let mounts = |it: &&Parameter| {
            permission::is_of_file_system(it.name) || param::ENFORCE_STATFS.is(it)
        };
        self.for_later().next().is_some() || self.live.iter().any(mounts)
    }

    /// What is to become of the jail's /dev, if it is to change.
    fn renewal(&self) -> Option<Renewal> {
        let number = self.set.int(param::DEVFS_RULESET).and_then(|number| number.try_into().ok());
        match number.filter(|_| self.changes(param::DEVFS_RULESET)) {
            Some(number) => Some(Renewal::Ruleset(number)),
            None => {
                let concerns_disks = self.changes(param::SECURELEVEL);
                (concerns_disks || self.changes(param::ALLOW_VMM)).then_some(Renewal::Devices)
            }
        }
    }

    /// The addresses that the prison is to be held to; `None`: they stay as they are.
    ///
    /// # Errors
    /// An address cannot be read, or the host's routes cannot.
    fn addresses(&self, record: &Record) -> Result<Option<Addresses>, Error> {
        if !self.live.iter().any(|parameter| is_of_addresses(parameter)) {
            return Ok(None);
        }
        let jail = Jail { configured: None, parameters: self.set.clone(), given: None };
        let mut addresses = addresses::of(&jail)?.unwrap_or_default();
        let fib = fib::of_record(record);
        addresses::select_sources(&jail, fib, &mut addresses).map_err(Error::Routes)?;
        Ok(Some(addresses))
    }

    /// Unmounts and mounts what differs.
    fn remount(
        &self,
        prison: &mut Prison,
        registry: &Registry,
        neighbours: Arc<[PathBuf]>,
    ) -> Result<Remounted, prison::Error> {
        let Some((wanted, _)) = &self.mounts else { return Ok(Remounted::default()) };
        let (path, mounts) = (prison.record().path.clone(), wanted.clone());
        prison.remount(registry, &Spec { path, mounts, neighbours, ..Spec::default() })
    }

    /// The jail with the path that it has, and with the lines that it is given: for messages.
    fn with_lines_of(&self, jail: &Jail) -> Jail {
        let mut parameters = jail.parameters.clone();
        parameters.put(param::PATH, self.set.text(param::PATH).unwrap_or_default());
        Jail { configured: None, parameters, given: None }
    }

    /// Changes the prison.
    ///
    /// # Errors
    /// Why the prison could not be changed.
    fn apply(
        &self,
        prison: &mut Prison,
        registry: &Registry,
        addresses: Option<Addresses>,
    ) -> Result<(), prison::Error> {
        if self.live.is_empty() {
            return Ok(());
        }
        let text = |of: Text| {
            self.changes(of).then(|| OsString::from_vec(self.set.text(of).unwrap_or_default()))
        };
        let old = &prison.record().parameters;
        let env = self.set.text(param::ENV).filter(|_| self.changes(param::ENV));
        let (level, changes_rights) = (securelevel::of(&self.set), self.changes_rights());
        let name = text(param::NAME).and_then(|name| name.into_string().ok());
        let change = Change {
            name,
            children: self.changes(param::CHILDREN_MAX).then(|| most_inside(&self.set)),
            persist: self.changes(param::PERSIST).then(|| self.set.flag(param::PERSIST)),
            hostname: text(param::HOST_HOSTNAME),
            domainname: text(param::HOST_DOMAINNAME),
            env,
            processes: self.changes(param::KLETKA_MAXPROC).then(|| most_processes(&self.set)),
            addresses,
            allow: changes_rights.then(|| securelevel::allowed_at(&self.set)),
            packet_filters: changes_rights.then(|| securelevel::permits_packet_filters(level)),
            clears_flags: changes_rights.then(|| securelevel::permits_clearing_flags(level)),
            ipc: ipc::of(&self.set).ok().filter(|_| changes_rights).map(|ipc| ipc.kinds),
            securelevel: self.changes(param::SECURELEVEL).then(|| securelevel::told(level)),
            parameters: Some(recorded::rewritten(old, &self.set, &self.live)),
        };
        prison.update(registry, &change)
    }

    /// Whether the parameter `one` gets another value.
    fn changes<T>(&self, one: Handle<T>) -> bool {
        self.live.iter().any(|parameter| one.is(parameter))
    }
}

/// What is mounted otherwise in a jail that runs than `wanted` says: a line for each, and whether
/// `jail -m` can change that.
///
/// # Errors
/// The lines of `mount` or a file of `mount.fstab` cannot be read, or say what cannot be.
pub fn mounts_that_differ(record: &Record, wanted: &Set) -> Result<(Vec<String>, bool), Error> {
    let mut parameters = wanted.clone();
    parameters.put(param::PATH, record.path.as_os_str().as_encoded_bytes().to_vec());
    let jail = Jail { configured: None, parameters, given: None };
    let given = mounts_given(&jail, wanted)?;
    let (is_given, wanted) = (given.is_some(), given.unwrap_or_default());
    let moves = record.moves(&wanted).unwrap_or_default();
    Ok((told(&moves, &wanted), is_given && record.can_move(&moves, &wanted)))
}

/// Writes what is unmounted and mounted: a line for each.
pub(crate) fn told(moves: &Moves, wanted: &[Mount]) -> Vec<String> {
    let gone = moves.gone.iter().rev().map(|line| format!("umount {}", line.line()));
    let new = moves.new.iter().map(|&place| Mounted::of(&wanted[place]));
    gone.chain(new.map(|line| format!("mount {}", line.line()))).collect()
}

/// Whether the parameter can be changed while the jail runs.
fn is_live(parameter: &Parameter) -> bool {
    parameter.access == Access::Live
}

/// Whether the parameter says something of the addresses that a jail is held to, which only a jail
/// can change that was held to some from its beginning.
fn is_of_addresses(parameter: &Parameter) -> bool {
    [param::IP4_ADDR, param::IP6_ADDR].iter().any(|list| list.is(parameter))
        || [param::IP4_SADDRSEL, param::IP6_SADDRSEL].iter().any(|flag| flag.is(parameter))
}

/// `-m`: changes a jail that runs.
///
/// # Errors
/// Why the jail could not be changed.
pub(crate) fn change(
    facts: &Facts<'_>,
    ledger: &mut Ledger<'_>,
    registry: &Registry,
    subject: &Subject,
) -> Result<(), Refusal> {
    let jail = &subject.jail;
    let found = addresses::found(jail).map_err(Refusal::step(jail))?;
    ledger.note_what_is_deprecated(jail);
    // Read again, and locked until it is written: no change that another command makes is to be
    // lost.
    let changing = registry.changing()?;
    let mut prison = facts.open(jail)?.ok_or_else(|| Refusal::not_found(jail))?;
    let changes = Changes::find(prison.record(), &found)?;
    if let Some(fixed) = changes.fixed() {
        return Err(Refusal::Fixed(jail.into(), fixed));
    }
    // A file that says nothing new is no surprise; words that were typed for nothing are one.
    if jail.configured.is_none() && changes.is_empty() {
        ledger.voice.tell(&Notice::Unchanged(jail));
    }
    let call = changes.line(&format!("jid={}", prison.record().jid));
    ledger.voice.tell(&Notice::Changes(jail, &call));
    for line in changes.mount_lines() {
        ledger.voice.tell(&Notice::Changes(jail, &line));
    }
    let addresses = changes.addresses(prison.record()).map_err(Refusal::step(jail))?;
    let aliases = addresses.as_ref().map_or(Ok(Vec::new()), |_| addresses::aliases(&found));
    let aliases = aliases.map_err(Refusal::step(jail))?;
    // First the interfaces get the new addresses, and at last they lose the old ones: the jail has
    // none that the host has not.
    let provided = addresses
        .as_ref()
        .map_or(Ok(()), |all| addresses::provide(&prison, registry, &aliases, all));
    provided.map_err(Refusal::step(jail))?;
    let before = prison.record().clone();
    let remounted = changes.remount(&mut prison, registry, facts.configured.roots());
    let remounted = match remounted {
        Ok(remounted) => remounted,
        Err(error) => {
            addresses::withdraw(&prison, registry, &aliases);
            return Err(Refusal::step(jail)(told_of_mount(&changes.with_lines_of(jail), error)));
        }
    };
    let renewal = changes.renewal();
    let renewed = renewal.as_ref().map_or(Ok(()), |renewal| {
        devices::renew_prison(&mut prison, registry, &changes.set, renewal)
    });
    if let Err(error) = renewed {
        prison.give_mounts_back(registry, remounted);
        addresses::withdraw(&prison, registry, &aliases);
        return Err(Refusal::step(jail)(error));
    }
    if let Err(error) = changes.apply(&mut prison, registry, addresses) {
        addresses::withdraw(&prison, registry, &aliases);
        if renewal.is_some() {
            devices::give_back(&mut prison, registry, &before);
        }
        prison.give_mounts_back(registry, remounted);
        return Err(Refusal::Change(jail.into(), error));
    }
    drop(changing);
    name::hand_over(&before, &prison).map_err(Refusal::step(jail))?;
    addresses::take_back(&before, registry).map_err(Refusal::step(jail))?;
    for permission in changes.for_later() {
        ledger.voice.tell(&Notice::ForLater(jail, permission));
    }
    ledger.voice.tell(&Notice::Updated(jail));
    Ok(())
}
