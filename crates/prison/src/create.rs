//! Making a prison: jail_set(2) with `JAIL_CREATE`.
//!
//! In order: a place in the registry; the cgroup; the file systems, detached; init, in a pid and a
//! mount namespace that the host owns; the jail's first process, which makes all other namespaces;
//! its ids, and the mounts shown under them; and then init puts it all together. Until init reports
//! that it is up, the death of any of the processes, by whatever cause, undoes everything: only a
//! file and an empty cgroup can stay, which the next command clears.

use crate::cgroup;
use crate::confine::rights::Rights;
use crate::control::{self, word};
use crate::enter::namespaces::Maker;
use crate::enter::process::Command;
use crate::error::{Calling, Error};
use crate::files::layer::Layer;
use crate::files::root::Plan;
use crate::files::stack::Stack;
use crate::files::tree::Tree;
use crate::first::{First, Waiting};
use crate::init;
use crate::permission::Permission;
use crate::prison::Prison;
use crate::registry::Registry;
use crate::registry::process_id::ProcessId;
use crate::registry::record::Record;
use crate::spec::{MountSource, Network, Spec, Users};
use kernel::process::{Side, clone3};
use kernel::{birth, namespace, signal};
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Namespaces of the host's user namespace: the jail cannot touch what is mounted in them.
const INITS: u64 = (libc::CLONE_NEWPID | libc::CLONE_NEWNS) as u64;

impl Prison {
    /// Makes a prison. While this value lives and [`Prison::settle`] has not been called, the
    /// prison lives on without processes.
    ///
    /// With `first`, the jail's first process waits to execute that command: cheaper than to make
    /// one process for the namespaces and another for the command.
    ///
    /// # Errors
    /// Whatever could not be done; then nothing is left.
    pub fn create(
        registry: &Registry,
        spec: &Spec,
        first: Option<&Command>,
    ) -> Result<(Self, Option<Waiting>), Error> {
        check_path(&spec.path)?;
        let is_in_jail = registry.limits()?.is_some();
        let adapted = is_in_jail.then(|| in_jail(spec));
        let spec = adapted.as_ref().unwrap_or(spec);
        let maker = Maker::start(spec)?;
        let mut record = registry.reserve(spec, rights(spec))?;
        let built = outer(registry, &mut record).and_then(|outer| {
            if is_in_jail {
                // What is mounted in a jail is the host's; of a copy, parts can be cloned.
                namespace::unshare(libc::CLONE_NEWNS).calling("unshare")?;
            }
            build(registry, spec, (&mut record, outer.as_ref()), maker, first)
        });
        match built {
            Ok((prison, waiting, init)) => {
                record.init = Some(init);
                record.creator = None;
                // On an error `prison` is dropped, its line closes, and init ends.
                registry.write(&record)?;
                prison.tell(word::RECORDED)?;
                // Without a command to execute, the first process has done its part.
                let waiting = first.map(|_| waiting);
                Ok((Self { record, ..prison }, waiting))
            }
            Err(error) => {
                registry.forget(&record)?;
                Err(error)
            }
        }
    }
}

/// What a process that enters may do.
fn rights(spec: &Spec) -> Rights {
    Rights {
        allow: spec.allow,
        families: spec.families,
        users: spec.users,
        own_network: spec.network != Network::Host,
        children: spec.children > 0,
    }
}

/// The plan of a prison that a jail makes: it cannot give ids that it does not have.
fn in_jail(spec: &Spec) -> Spec {
    let users = if spec.users == Users::Own { Users::Outer } else { spec.users };
    Spec { users, ..spec.clone() }
}

/// The prison that a new one is to be in; it may do no more than that one.
fn outer(registry: &Registry, record: &mut Record) -> Result<Option<Prison>, Error> {
    if record.parent == 0 {
        return Ok(None);
    }
    let outer = registry.find(&record.parent.to_string())?.and_then(Prison::open);
    let outer = outer.ok_or(Error::Died)?;
    record.rights = record.rights.within(outer.record.rights);
    Ok(Some(outer))
}

fn check_path(path: &Path) -> Result<(), Error> {
    let failed = |error| Error::Path(path.into(), error);
    if fs::metadata(path).map_err(failed)?.is_dir() {
        Ok(())
    } else {
        Err(failed(io::Error::from_raw_os_error(libc::ENOTDIR)))
    }
}

/// What init is to build. The kernel's own file systems, /run and /dev are init's to make.
fn plan(
    registry: &Registry,
    spec: &Spec,
    record: &mut Record,
    outer: Option<&Prison>,
) -> Result<Plan, Error> {
    let covered = Layer::ORDER.into_iter().filter_map(|layer| layer.made(spec));
    let hidden: Vec<_> = covered.map(|made| made.target).collect();
    let programs = spec.programs_mount().and_then(|mount| match mount.source {
        MountSource::Nullfs(source) => Some(Tree::clone_of(&source, mount.target, mount.options)),
        _ => None,
    });
    let ids = record.ids;
    let mut claim = |directory: &Path| registry.claim(record, directory);
    let stack = Stack::new(spec, ids, &hidden, &mut claim)?;
    Ok(Plan {
        name: record.name.clone(),
        ids: record.ids,
        users: spec.users,
        root: stack.root,
        submounts: stack.submounts,
        run: spec.has_run(),
        programs: programs.transpose()?.map(Tree::optional),
        mounts: stack.mounts,
        devfs: spec.devfs,
        joins_network: spec.network != Network::Host || outer.is_some(),
        children: record.children,
        mounts_itself: record.rights.allow.has(Permission::Mount),
        persist: spec.persist,
    })
}

/// Makes the processes, in the order that the module's head gives.
fn build(
    registry: &Registry,
    spec: &Spec,
    (record, outer): (&mut Record, Option<&Prison>),
    maker: Maker,
    first: Option<&Command>,
) -> Result<(Prison, Waiting, ProcessId), Error> {
    check_sources(spec)?;
    let cgroup = record.cgroup.as_deref().map(cgroup::create).transpose()?;
    let plan = plan(registry, spec, record, outer)?;
    let (hold, theirs) = control::line().calling("socketpair")?;
    let network = File::open("/proc/self/ns/net").calling("/proc/self/ns/net")?;
    let cgroup = cgroup.as_ref().map(AsFd::as_fd);
    signal::block(&control::SIGNALS);
    let cloned = match outer {
        Some(outer) => birth::copy(outer.init.as_fd(), INITS, cgroup)?,
        None => clone3(INITS, cgroup).calling("clone3")?,
    };
    let (pid, init) = match cloned {
        Side::Child => {
            drop(hold);
            init::run(plan, theirs, network.into())
        }
        Side::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop(theirs);
    let prison = Prison { record: record.clone(), init, hold: Some(hold), left: Vec::new() };
    let started = start_first(&prison, &plan, maker, first, (cgroup, outer));
    let id = ProcessId::of(pid, prison.init.as_fd());
    match (started, id) {
        (Ok(waiting), Some(id)) => Ok((prison, waiting, id)),
        (started, _) => {
            abandon(prison);
            Err(started.err().unwrap_or(Error::Died))
        }
    }
}

/// Ends a prison that has not come up: its line closes, and init sees that.
fn abandon(mut prison: Prison) {
    prison.hold = None;
    let _ = rustix::process::pidfd_send_signal(&prison.init, rustix::process::Signal::KILL);
    let _ = waitid(WaitId::PidFd(prison.init.as_fd()), WaitIdOptions::EXITED);
}

/// nullfs sources are looked at before anything is made: the message then names the source.
fn check_sources(spec: &Spec) -> Result<(), Error> {
    for mount in &spec.mounts {
        if let MountSource::Nullfs(source) | MountSource::Union { directory: source, .. } =
            &mount.source
        {
            fs::metadata(source).map_err(|error| Error::Mount(source.clone(), error))?;
        }
    }
    Ok(())
}

/// Shows the mounts under the jail's ids, makes its first process, and has init build the rest.
fn start_first(
    prison: &Prison,
    plan: &Plan,
    maker: Maker,
    first: Option<&Command>,
    place: (Option<BorrowedFd<'_>>, Option<&Prison>),
) -> Result<Waiting, Error> {
    let users = maker.finish(prison.record.ids, plan.users)?;
    for tree in plan.cloned() {
        tree.settle(users.as_ref().map(AsFd::as_fd))?;
    }
    let first = First::start(prison, &maker, first, place)?;
    first.has_joined()?;
    prison.tell(word::BUILD)?;
    // Its end is waited for while init works.
    drop(maker);
    prison.report()?.check(&plan.root.source)?;
    if plan.mounts_itself {
        first.unshare_mounts()?;
        prison.tell(word::FOLLOW)?;
        prison.report()?.check(&plan.root.source)?;
    }
    Ok(first.into_waiting())
}
