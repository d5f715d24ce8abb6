//! Making a prison: jail_set(2) with `JAIL_CREATE`.
//!
//! The order is: a place in the registry; the cgroup; the file systems, detached; init, in a pid
//! and a mount namespace that the host owns; the jail's first process, which joins all other
//! namespaces; its ids, and the mounts shown under them; and then init attaches everything. Until
//! init reports that it is up, the death of any of the processes, by whatever cause, undoes
//! everything: only a file and an empty cgroup can stay, which the next command clears.

use crate::cgroup;
use crate::cgroup::legacy::{Groups, Hierarchies};
use crate::cgroup::pids;
use crate::confine::devices;
use crate::confine::rights::Rights;
use crate::control::{self, word};
use crate::enter::namespaces::Maker;
use crate::enter::process::{Command, Streams};
use crate::enter::streams;
use crate::error::{Calling, Error};
use crate::files::dev::live;
use crate::files::exports;
use crate::files::launcher::{Birthplace, Born, Launcher};
use crate::files::layer::Layer;
use crate::files::root::{self, Plan};
use crate::files::source::Sources;
use crate::files::stack::Stack;
use crate::files::tree::Tree;
use crate::first::{First, Place, Waiting};
use crate::init::{self, Kept};
use crate::mediate::Allowed;
use crate::permission::Permission;
use crate::prison::Prison;
use crate::registry::Registry;
use crate::registry::process_id::ProcessId;
use crate::registry::record::{Record, RecordedDev};
use crate::shared;
use crate::spec::{Mount, MountSource, Network, Processes, Spec, Users};
use crate::tie;
use crate::vnet;
use kernel::process::{Side, clone3};
use kernel::{birth, landlock, namespace, signal};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// Namespaces that the host's user namespace owns. Were the mount namespace the jail's, its root
/// could remount what is read-only and unmount what covers something.
const INITS: u64 = (libc::CLONE_NEWPID | libc::CLONE_NEWNS) as u64;

impl Prison {
    /// Makes a prison. While this value lives and [`Prison::settle`] has not been called, the
    /// prison lives on without processes.
    ///
    /// With `first`, the jail's first process waits to execute that command: this is cheaper than
    /// one process for the namespaces and another for the command. A command on a terminal has to
    /// be run afterwards, by [`Prison::spawn`], and so has any command where init makes the
    /// prison's processes.
    ///
    /// # Errors
    /// What could not be done; then nothing is left.
    pub fn create(
        registry: &Registry,
        spec: &Spec,
        first: Option<&Command>,
    ) -> Result<(Self, Option<Waiting>), Error> {
        // Looked at before anything is made, so that nothing has to be undone for a wrong path.
        Sources::new(registry, spec).root(&spec.path)?;
        // Only with a terminal in the jail, which init has not made yet, can a command have one.
        let given = first.map(streams::given).transpose()?;
        let given = given.as_ref().filter(|given| !given.terminals.contains(&true));
        let domain = has_domain(rights(spec));
        let first = first.zip(given.map(|given| given.streams)).filter(|_| !domain);
        let is_in_jail = registry.limits()?.is_some();
        if is_in_jail && spec.addresses.is_some() {
            return Err(Error::AddressesInside);
        }
        let adapted = is_in_jail.then(|| in_jail(spec));
        let spec = adapted.as_ref().unwrap_or(spec);
        // The record is written before anything exists that outlives a process: whoever finds that
        // record after a crash clears what it names.
        let begin = |ids| Maker::start(spec, ids);
        let (mut record, maker, held) = registry.reserve(spec, rights(spec), begin)?;
        record.domain = domain;
        let shares = spec.network == Network::Host;
        let built = outer(registry, &mut record, shares).and_then(|outer| {
            if is_in_jail {
                // A jail's mount namespace belongs to the host, which owns its mounts: only in a
                // copy that the jail owns can parts be cloned.
                namespace::unshare(libc::CLONE_NEWNS).calling("unshare")?;
            }
            let beside = Beside { outer: outer.as_ref(), held: &held };
            build(registry, spec, (&mut record, beside), maker, first)
        });
        match built {
            Ok((prison, waiting, init)) => {
                record.init = Some(init);
                // From here on init alone shows that the prison lives.
                record.creator = None;
                // What a jail shows its jails are mounts, which cannot be added later.
                let dev = spec.dev.as_ref().filter(|_| spec.users != Users::Outer);
                record.dev = dev.and_then(|dev| {
                    let (ruleset, applied) = (dev.ruleset.0, Vec::new());
                    Some(RecordedDev { ruleset, applied, device: live::number(init)? })
                });
                // On an error `prison` is dropped, its line closes, and init ends: a prison without
                // a record would be found by nobody.
                registry.write(&record)?;
                prison.tell(word::RECORDED)?;
                // Dropped without a command to execute, the first process ends: its part is done.
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

/// What this plan lets processes do that enter.
fn rights(spec: &Spec) -> Rights {
    Rights {
        allow: spec.allow,
        families: spec.families,
        users: spec.users,
        own_network: matches!(spec.network, Network::Own | Network::Empty),
        carried_network: spec.network == Network::Carried,
        children: spec.children > 0,
        packet_filters: spec.packet_filters,
        clears_flags: spec.clears_flags,
        ipc: spec.ipc.kinds,
        // Kletka itself, in a jail with jails inside, mounts in namespaces that it makes.
        mediated_mounts: spec.users == Users::Own && spec.children == 0,
        own_release: spec.has_release() && spec.users != Users::Outer,
        is_held: spec.addresses.is_some(),
    }
}

/// The plan as it is when a jail makes the prison: a jail has no ids but its own to give.
fn in_jail(spec: &Spec) -> Spec {
    let users = if spec.users == Users::Own { Users::Outer } else { spec.users };
    Spec { users, ..spec.clone() }
}

/// Opens the prison that a new one is to be in, and limits the new one's rights and addresses to
/// those of the outer one. `shares`: the new one has no network stack of its own.
fn outer(registry: &Registry, record: &mut Record, shares: bool) -> Result<Option<Prison>, Error> {
    if record.parent == 0 {
        return Ok(None);
    }
    let outer = registry.find(&record.parent.to_string())?.and_then(Prison::open);
    let outer = outer.ok_or(Error::Died)?;
    let outers = outer.record.rights;
    if record.rights.users == Users::Host && outers.users != Users::Host {
        return Err(Error::OwnIds(outer.record.name));
    }
    record.rights = record.rights.within(outers);
    if shared::keep_within(record, &outer.record, shares)? {
        // Whoever clears the prison after a crash finds by the record what is to be forgotten.
        registry.write(record)?;
    }
    Ok(Some(outer))
}

impl Prison {
    /// Looks at what the creation of the prison `spec` needs: its root, the sources of its mounts
    /// and the mount points in the root. Nothing is made.
    ///
    /// # Errors
    /// The error that the creation would have.
    pub fn foresee(spec: &Spec) -> Result<(), Error> {
        let sources = Sources::on_paper(spec);
        sources.root(&spec.path)?;
        check_sources(spec, &sources)?;
        check_targets(spec, &sources)
    }
}

/// Looks for the mount points that are in the root itself. Others are in what is mounted before.
fn check_targets(spec: &Spec, sources: &Sources<'_>) -> Result<(), Error> {
    let covers =
        |mount: &Mount, target: &Path| mount.target != target && target.starts_with(&mount.target);
    let made = ["/dev", "/proc", "/run", "/sys"];
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = sources.root(&spec.path)?;
    for target in spec.mounts.iter().map(|mount| &mount.target) {
        let is_made = made.iter().any(|top| target.starts_with(top));
        if is_made || spec.mounts.iter().any(|mount| covers(mount, target)) {
            continue;
        }
        let inside = target.strip_prefix("/").unwrap_or(target);
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        match openat2(&root, inside, flags, Mode::empty(), resolve) {
            Ok(_) => {}
            Err(Errno::LOOP) => return Err(Error::SymbolicLink(target.clone())),
            Err(error) => return Err(Error::MountPoint(target.clone(), error.into())),
        }
    }
    Ok(())
}

/// Plans what init is to build. Init makes the kernel's own file systems, /run and /dev itself.
fn plan(
    registry: &Registry,
    spec: &Spec,
    record: &mut Record,
    outer: Option<&Prison>,
) -> Result<Plan, Error> {
    // What the host has mounted below these is not cloned: the jail could not see it.
    let covered = Layer::ORDER.into_iter().filter_map(|layer| layer.made(spec));
    let hidden: Vec<_> = covered.map(|made| made.target).collect();
    let programs = spec.programs_mount().and_then(|mount| match mount.source {
        MountSource::Nullfs(source) => Some(
            Sources::of_host()
                .open(&source)
                .and_then(|opened| Tree::clone_of(&opened, &source, mount.target, mount.options))
                .and_then(Tree::with_ids_of_host_on_overlay),
        ),
        _ => None,
    });
    let ids = record.ids;
    let sources = Sources::new(registry, spec);
    let mut claim = |directory: &Path| registry.claim(record, directory);
    let stack = Stack::new(spec, ids, &hidden, &sources, &mut claim)?;
    let serves_nfs = spec.allow.has(Permission::Nfsd);
    if serves_nfs {
        exports::check_root(&stack.root, &sources)?;
    }
    if spec.has_run() {
        root::make_place_of_run(stack.root.fd.as_fd());
    }
    Ok(Plan {
        name: record.name.clone(),
        ids: record.ids,
        users: spec.users,
        root: stack.root,
        submounts: stack.submounts,
        _unused: stack.together,
        run: spec.has_run(),
        programs: programs.transpose()?.map(Tree::optional),
        mounts: stack.mounts,
        texts: spec.texts.clone(),
        dev: spec.dev.clone(),
        joins_network: spec.network != Network::Host || outer.is_some(),
        children: record.children,
        mounts_itself: record.rights.mounts_itself(),
        serves_nfs,
        allowed: Allowed::of(record.rights),
        persist: spec.persist,
        domain: record.domain,
    })
}

/// The prisons that a new one meets.
struct Beside<'a> {
    /// The prison that it is to be in.
    outer: Option<&'a Prison>,
    /// The cgroups of those that are held to addresses.
    held: &'a [PathBuf],
}

/// Makes the processes, in the order that the head of this module gives.
fn build(
    registry: &Registry,
    spec: &Spec,
    (record, Beside { outer, held }): (&mut Record, Beside<'_>),
    maker: Maker,
    first: Option<(&Command, Streams)>,
) -> Result<(Prison, Waiting, ProcessId), Error> {
    check_sources(spec, &Sources::new(registry, spec))?;
    let cgroup = record.cgroup.as_deref().map(cgroup::create).transpose()?;
    let hierarchies = Hierarchies::of(record.rights);
    let groups = record.cgroup.as_deref().map(|cgroup| Groups::make(cgroup, hierarchies));
    let groups = groups.transpose()?.unwrap_or_default();
    limit_processes(spec.processes, record)?;
    // Before the first process: a socket is held by what its maker's cgroup had at that moment.
    let link = match &record.addresses {
        // The prison's own stack is not made yet.
        Some(_) if record.rights.carried_network => None,
        Some(_) => Some(shared::hold(held, record)?),
        None => None,
    };
    shared::open_reserved_ports(record);
    if let Some(mark) = spec.mark {
        mark.give(record.cgroup.as_deref())?;
    }
    let plan = plan(registry, spec, record, outer)?;
    let (hold, theirs) = control::line().calling("socketpair")?;
    let (inner, outer_end) = tie::door().calling("socketpair")?;
    // Init gives interfaces back to this network, and could not open it any more from the jail's.
    let network = vnet::own_network()?;
    let cgroup = cgroup.as_ref().map(AsFd::as_fd);
    // Inherited by init: process 1 of a pid namespace loses a signal that it neither blocks nor
    // handles.
    signal::block(&control::SIGNALS);
    let (pid, init) = match bear(registry, outer, cgroup)? {
        (Side::Child, birthplace) => {
            // With a copy of the command's end, init would never see the line close.
            drop(hold);
            let kept = Kept { network, link, door: inner };
            init::run((plan, birthplace), theirs, kept, outer_end, &groups)
        }
        (Side::Parent { pid, pidfd }, _) => (pid, pidfd),
    };
    // With init's end open here too, a report would be waited for after init has died.
    drop((theirs, inner));
    let prison = Prison { hold: Some(hold), ..Prison::new(record.clone(), init) };
    let place = Place {
        cgroup,
        groups: &groups,
        outer,
        shared: spec.shared_namespaces(),
        door: outer_end.as_fd(),
    };
    let started = start_first(&prison, (&plan, held), maker, first, place);
    let id = ProcessId::of(pid, prison.init.as_fd());
    match (started, id) {
        (Ok(waiting), Some(id)) => Ok((prison, waiting, id)),
        (started, _) => {
            abandon(prison);
            Err(started.err().unwrap_or(Error::Died))
        }
    }
}

/// Makes init: a copy of this process. In a jail, or for a jail in another one, what its maker has
/// mounted is copied; so it is where there is no launcher.
fn bear(
    registry: &Registry,
    outer: Option<&Prison>,
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<(Side, Option<Birthplace>), Error> {
    if let Some(outer) = outer {
        return Ok((birth::copy(outer.init.as_fd(), INITS, cgroup)?, None));
    }
    let is_in_jail = registry.limits()?.is_some();
    let launcher = if is_in_jail { None } else { Launcher::find(registry) };
    let born = launcher.map(|launcher| launcher.bear(INITS, cgroup)).transpose()?.flatten();
    match born {
        Some(Born::Child(place)) => Ok((Side::Child, Some(place))),
        Some(Born::Parent(side)) => Ok((side, None)),
        None => Ok((clone3(INITS, cgroup).calling("clone3")?, None)),
    }
}

/// Limits the processes of the prison. Where that is not possible and nobody has asked for it, the
/// record says that there is no limit.
fn limit_processes(processes: Processes, record: &mut Record) -> Result<(), Error> {
    if processes.most == 0 {
        return Ok(());
    }
    let limit = |cgroup| pids::limit(cgroup, processes.most).calling("pids.max");
    let is_limited = record.cgroup.as_deref().map_or(Ok(false), limit)?;
    if !is_limited && processes.is_required {
        return Err(Error::NoProcessLimit);
    }
    if !is_limited {
        record.parameters.push((Processes::PARAMETER.to_owned(), b"0".to_vec()));
    }
    Ok(())
}

/// Whether the prison's processes live in a domain of their own, out of which they reach no
/// abstract socket: those belong to the network stack, which a prison may share with the host. The
/// prison's own stack has no sockets but the prison's.
fn has_domain(rights: Rights) -> bool {
    rights.shares_network() && landlock::can_keep_abstract_sockets()
}

/// Ends a prison that has not come up: its line closes, which ends init wherever it waits.
fn abandon(mut prison: Prison) {
    prison.hold = None;
    // Init may be in the middle of a call that does not look at the line.
    let _ = rustix::process::pidfd_send_signal(&prison.init, rustix::process::Signal::KILL);
    // Before its cgroup can be removed, init has to be gone.
    let _ = waitid(WaitId::PidFd(prison.init.as_fd()), WaitIdOptions::EXITED);
}

/// Looks at what of the host is to be mounted before anything is made, so that the message names
/// the source.
fn check_sources(spec: &Spec, sources: &Sources<'_>) -> Result<(), Error> {
    for mount in &spec.mounts {
        match &mount.source {
            MountSource::Nullfs(source)
            | MountSource::Union { directory: source, .. }
            | MountSource::Disk { device: source, .. } => sources.open(source).map(drop)?,
            MountSource::Overlay { lower, upper } => {
                let upper = upper.iter().flat_map(|(upper, work)| [upper, work]);
                lower.iter().chain(upper).try_for_each(|it| sources.open(it).map(drop))?;
            }
            MountSource::Proc | MountSource::Sys | MountSource::Tmpfs { .. } => {}
        }
    }
    Ok(())
}

/// Shows the mounts under the jail's ids, makes its first process, and has init build the rest.
fn start_first(
    prison: &Prison,
    (plan, held): (&Plan, &[PathBuf]),
    maker: Maker,
    first: Option<(&Command, Streams)>,
    place: Place<'_>,
) -> Result<Waiting, Error> {
    // Mounts are idmapped to this user namespace, so its maps are written first.
    let users = maker.finish(prison.record.ids, plan.users)?;
    if plan.serves_nfs {
        exports::settle(plan)?;
    } else {
        plan.cloned().try_for_each(|tree| tree.settle(users.as_ref().map(AsFd::as_fd)))?;
    }
    if prison.record.rights.carried_network {
        shared::hold_apart(held, &prison.record, maker.network()?.as_fd())?;
    }
    let first = First::start(prison, &maker, first, place)?;
    // Init joins the namespaces of the first process, so this one has to be in them.
    first.has_joined()?;
    prison.tell(word::BUILD)?;
    // While init works, which has made the nodes by now. No process of the jail has executed
    // anything yet.
    if let Some(dev) = &plan.dev {
        let is_held = prison.record.cgroup.as_deref().is_some_and(|it| devices::hold(it, dev));
        if !is_held && dev.keeps_disks && dev.has_disks() {
            return Err(Error::WritableDisks);
        }
    }
    // The namespaces are the first process's now. The maker is collected while init works.
    drop(maker);
    prison.report()?.check(&plan.root.source)?;
    if plan.mounts_itself {
        // Only now: the kernel locks for the jail what is mounted when the copy is made, and
        // nothing later.
        first.unshare_mounts()?;
        prison.tell(word::FOLLOW)?;
        prison.report()?.check(&plan.root.source)?;
    }
    Ok(first.into_waiting())
}
