//! A running prison: its state, and its changes; jail_set(2) with `JAIL_UPDATE`. Its end is in
//! [`crate::removal`].

use crate::cgroup;
use crate::cgroup::legacy::{Groups, Hierarchies};
use crate::confine::devices;
use crate::control::{self, Report, word};
use crate::error::{Calling, Error};
use crate::files::dev::live;
use crate::pending::Pending;
use crate::permission::{Allow, Permission};
use crate::registry::Registry;
use crate::registry::record::{Record, RecordedDev};
use crate::removal::Removal;
use crate::shared;
use crate::spec::{Change, Dev, Node};
use crate::told::Told;
use crate::vnet;
use crate::within::within_network;
use kernel::child::{Child, readable};
use kernel::namespace::{self, Namespace};
use kernel::signal;
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// What is added to an interface's number in a jail that has another one with that number.
const NEXT_NUMBER: i32 = 1 << 16;

/// A prison that lives, or lived when it was last looked at.
#[derive(Debug)]
pub struct Prison {
    pub(crate) record: Record,
    pub(crate) init: OwnedFd,
    /// The line to init, in the process that is making the prison; `None` in others.
    pub(crate) hold: Option<OwnedFd>,
    /// Children of this process in the prison that nobody waits for. Each must be collected before
    /// init can end.
    pub(crate) left: Vec<Child>,
    /// What has been done to end the prison, once that was asked for.
    pub(crate) removal: Option<Box<Removal>>,
}

impl Prison {
    /// The prison of a record, if it still lives.
    pub fn open(record: Record) -> Option<Self> {
        // By pidfd: everything that follows means this very init, even if it ends meanwhile.
        let init = record.init?.open()?;
        Some(Self::new(record, init))
    }

    pub(crate) fn new(record: Record, init: OwnedFd) -> Self {
        Self { record, init, hold: None, left: Vec::new(), removal: None }
    }

    /// What the registry knows of the prison.
    pub fn record(&self) -> &Record {
        &self.record
    }

    pub(crate) fn init(&self) -> &OwnedFd {
        &self.init
    }

    pub(crate) fn open_cgroup(&self) -> Result<Option<OwnedFd>, Error> {
        let open = |path| cgroup::open_directory(path).map_err(|_| Error::Died);
        self.record.cgroup.as_deref().map(open).transpose()
    }

    /// The prison's groups in cgroup v1, which a process enters by itself.
    pub(crate) fn open_groups(&self) -> Result<Groups, Error> {
        // A prison that a jail has made has the groups of that jail, which may have all of them.
        let hierarchies = match self.record.is_inside() {
            true => Hierarchies::All,
            false => Hierarchies::of(self.record.rights),
        };
        let open = |cgroup| Groups::open(cgroup, hierarchies);
        self.record.cgroup.as_deref().map_or_else(|| Ok(Groups::default()), open)
    }

    /// Says one of [`word`] to init.
    pub(crate) fn tell(&self, word: u8) -> Result<(), Error> {
        control::tell(self.hold.as_ref().ok_or(Error::Died)?.as_fd(), word)
    }

    /// Waits for init's report.
    pub(crate) fn report(&self) -> Result<Report, Error> {
        Report::receive(self.hold.as_ref().ok_or(Error::Died)?.as_fd())
    }

    /// Says that the last command of the start runs: a prison without `persist` then ends with its
    /// last process, before [`Prison::settle`] asks.
    pub fn runs_last(&self) {
        // An init that has ended is noticed by `settle`.
        let _ = self.tell(word::LAST);
    }

    /// Finishes making the prison: from now on one without `persist` ends with its last process.
    /// Answers whether the prison goes on.
    ///
    /// # Errors
    /// [`Error::Registry`]: the prison has ended, and its record could not be removed.
    pub fn settle(&mut self, registry: &Registry) -> Result<bool, Error> {
        let Some(hold) = self.hold.take() else { return Ok(true) };
        // Init answers, so that the caller does not report a jail that is about to end.
        let told = control::tell(hold.as_fd(), word::SETTLE);
        if told.is_ok() && control::hear(hold.as_fd()).is_some() {
            return Ok(true);
        }
        self.finish(registry)?;
        Ok(false)
    }

    /// The prison's processes but init, as the host counts them. On a host without cgroup v2 none
    /// are known.
    pub fn processes(&self) -> Vec<u32> {
        let init = self.record.init.map_or(0, |init| init.pid);
        let all = self.record.cgroup.as_deref().map(cgroup::processes).unwrap_or_default();
        all.into_iter().filter(|&process| process != init).collect()
    }

    /// Has init send SIGTERM to every process; the prison ends with the last of them. A prison that
    /// has ended is no error.
    pub fn terminate(&self) {
        let _ = self.signal(control::TERMINATE);
    }

    /// Sends init one of [`control::SIGNALS`] that carries no number.
    fn signal(&self, signal: i32) -> Result<(), Error> {
        signal::send(self.init.as_fd(), signal).map_err(|_| Error::Died)
    }

    /// Takes over a child that the caller does not want to wait for: one in the background.
    pub fn leave(&mut self, child: Child) {
        self.left.push(child);
    }

    /// Gives the prison the host's interface `name`, until the prison ends or gives it back:
    /// ifconfig(8), `vnet`.
    ///
    /// # Errors
    /// [`Error::Interface`].
    pub fn give_interface(&self, name: &str) -> Result<(), Error> {
        let failed = |error| Error::Interface(name.into(), error);
        let network = self.network()?;
        let route = vnet::route_socket().calling("socket")?;
        let index = vnet::index(name).map_err(failed)?;
        let mut there = index;
        loop {
            // The number there is chosen here, because init has to know it before the move.
            while within_network(network.as_fd(), || vnet::has_index(there))?.map_err(failed)? {
                there = there.checked_add(NEXT_NUMBER).unwrap_or(1);
            }
            // Init is told first: should this process be killed right after the move, init still
            // gives the interface back.
            self.tell_of_interface(there)?;
            match vnet::move_interface(route.as_fd(), index, network.as_fd(), None, Some(there)) {
                Ok(()) => return Ok(()),
                Err(error) => {
                    self.tell_of_interface(-there)?;
                    // EBUSY: the number has been taken since it was looked at; the next one is
                    // tried.
                    if error.raw_os_error() != Some(libc::EBUSY) {
                        return Err(failed(error));
                    }
                }
            }
        }
    }

    /// Tells init that the interface with this number in the jail came from the host; a negative
    /// number takes that back.
    fn tell_of_interface(&self, number: i32) -> Result<(), Error> {
        signal::queue(self.init.as_fd(), control::INTERFACE, number).map_err(|_| Error::Died)
    }

    /// Takes the interface `name` back to the caller's network stack: ifconfig(8), `-vnet`.
    ///
    /// # Errors
    /// [`Error::Interface`].
    pub fn take_interface(&self, name: &str) -> Result<(), Error> {
        let failed = |error| Error::Interface(name.into(), error);
        let own = vnet::own_network()?;
        // The name is looked up and moved inside: a route socket means the network it was opened
        // in.
        let index = within_network(self.network()?.as_fd(), || {
            let index = vnet::index(name)?;
            vnet::move_interface(vnet::route_socket()?.as_fd(), index, own.as_fd(), None, None)?;
            Ok(index)
        })?
        .map_err(failed)?;
        // Otherwise init would at the end give the host whatever interface has this number by then.
        self.tell_of_interface(-index)
    }

    /// Changes what can be changed of a running prison: jail_set(2), `JAIL_UPDATE`. Where that
    /// fails, nothing is changed.
    ///
    /// # Errors
    /// [`Error::Died`]; [`Error::Registry`]; [`Error::Call`]: a name that the kernel does not take;
    /// those of [`Prison::tell_jail`]; [`Error::FixedMounts`]; [`Error::NameTaken`].
    pub fn update(&mut self, registry: &Registry, change: &Change) -> Result<(), Error> {
        // Its record lies in the outer jail's own registry, which only that jail's root writes.
        if self.record.is_inside() {
            return Err(Error::OthersJail(self.record.name.clone()));
        }
        if let Some(addresses) = &change.addresses {
            shared::check_change(registry, &self.record, addresses)?;
        }
        let rights = self.record.rights;
        let mounts = change.allow.map_or(rights.allow, |allow| allow).has(Permission::Mount);
        if !rights.mediated_mounts && mounts != rights.allow.has(Permission::Mount) {
            return Err(Error::FixedMounts);
        }
        if let Some(max) = change.children {
            registry.make_room(&mut self.record, max)?;
        }
        let pending = Pending::of(change, &self.record);
        pending.check()?;
        let mut record = self.changed(change);
        record.pending = Some(pending).filter(|pending| !pending.is_empty());
        let is_renamed = record.name != self.record.name;
        let write = |record: &Record| match is_renamed {
            true => registry.rename(record),
            false => registry.rewrite(record),
        };
        write(&record)?;
        if let Some(pending) = record.pending.take() {
            let inside = |record: &Record| pending.carry_out_inside(registry, record);
            let carry_out = || pending.carry_out(&record, self.init.as_fd());
            if let Err(error) = inside(&record).and_then(|()| carry_out()) {
                // Where not even the old record can be written, the next look tries once more what
                // has failed here.
                let _ = write(&self.record).and_then(|()| inside(&self.record));
                return Err(error);
            }
            // All is done. A record that still says otherwise has the next look do the same again.
            let _ = registry.rewrite(&record);
        }
        self.record = record;
        if change.persist == Some(false) { self.see_end(registry) } else { Ok(()) }
    }

    /// Gives the prison, which runs, the devices of `dev`: what it opens from now on, and the nodes
    /// of its /dev. `applied` are the rules beside the ruleset that they follow from, for the
    /// record; `hosts` is all that the host's /dev has. With `rules`, nodes that are there get
    /// owner and mode anew.
    ///
    /// Pseudo-terminals and shared memory stay as they were when the prison was made. A prison
    /// whose record says nothing of a /dev stays as it is.
    ///
    /// # Errors
    /// [`Error::Died`]; [`Error::FixedDev`]; [`Error::Registry`]; [`Error::Mount`]: the prison's
    /// root has put something in the way.
    pub fn show_dev(
        &mut self,
        registry: &Registry,
        (dev, applied): (&Dev, Vec<Vec<u8>>),
        hosts: &[Node],
        rules: bool,
    ) -> Result<(), Error> {
        let Some(recorded) = &self.record.dev else { return Ok(()) };
        let (device, init) = (recorded.device, self.record.init.ok_or(Error::Died)?);
        let cgroup = self.record.cgroup.as_deref();
        // First the verdict: what is hidden opens by no name before the names are removed.
        if !cgroup.is_some_and(|cgroup| devices::hold(cgroup, dev)) {
            return Err(Error::FixedDev);
        }
        let renewed = live::renew((init, device), dev, hosts, self.record.ids, rules);
        renewed.map_err(|error| match error {
            Errno::SRCH => Error::Died,
            error => Error::Mount("/dev".into(), error.into()),
        })?;
        let now = Some(RecordedDev { ruleset: dev.ruleset.0, applied, device });
        if now != self.record.dev {
            let record = Record { dev: now, ..self.record.clone() };
            registry.rewrite(&record)?;
            self.record = record;
        }
        Ok(())
    }

    /// The record after `change`.
    fn changed(&self, change: &Change) -> Record {
        let mut record = self.record.clone();
        if let Some(name) = &change.name {
            record.name.clone_from(name);
        }
        if let Some(max) = change.children {
            record.children.max = max;
        }
        let now = record.rights.allow;
        if let Some(allow) = change.allow {
            // What a namespace carries out, or a mount, was settled when that was made.
            let mediated = record.rights.mediated_mounts;
            let is_fixed = |it| it == Permission::Nfsd || it == Permission::Mount && !mediated;
            record.rights.allow =
                Allow::of(|it| if is_fixed(it) { now.has(it) } else { allow.has(it) });
        }
        if let Some(packet_filters) = change.packet_filters {
            record.rights.packet_filters = packet_filters;
        }
        if let Some(clears_flags) = change.clears_flags {
            record.rights.clears_flags = clears_flags;
        }
        if let Some(kinds) = change.ipc {
            record.rights.ipc = kinds;
        }
        if let Some(addresses) = change.addresses.as_ref().filter(|_| record.addresses.is_some()) {
            record.rights.families.inet = !addresses.v4.is_nothing();
            record.rights.families.inet6 = !addresses.v6.is_nothing();
            record.addresses = Some(addresses.clone());
        }
        if let Some(parameters) = &change.parameters {
            record.parameters.clone_from(parameters);
        }
        record
    }

    /// Waits for the end of a prison without processes that does not persist any more. One that has
    /// processes lives on.
    fn see_end(&mut self, registry: &Registry) -> Result<(), Error> {
        const TRIES: u32 = 100;
        // Without a cgroup it is not known whether there are processes.
        for _ in 0..TRIES {
            if self.record.cgroup.is_none() || !self.processes().is_empty() {
                return Ok(());
            }
            let moment = Duration::from_millis(50);
            if readable(self.init.as_fd(), Some(moment)).calling("poll")? {
                return self.has_ended(registry).map(drop);
            }
        }
        Ok(())
    }

    /// Shows `text` to the jail in the file of `told`; an empty text removes the file.
    ///
    /// # Errors
    /// [`Error::Died`]; [`Error::Mount`]: something that the jail's root has put into /run is in
    /// the way.
    pub fn tell_jail(&self, told: Told, text: &[u8]) -> Result<(), Error> {
        told.show(self.record.init.ok_or(Error::Died)?, text)
    }

    /// Opens the prison's network namespace.
    ///
    /// # Errors
    /// [`Error::Died`].
    pub fn network(&self) -> Result<OwnedFd, Error> {
        namespace::of_process(self.init.as_fd(), Namespace::Net).map_err(|_| Error::Died)
    }
}
