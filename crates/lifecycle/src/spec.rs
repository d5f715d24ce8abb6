//! From a jail's parameters to the description of a prison: FreeBSD's words in, Linux's mechanisms
//! out.
//!
//! A [`Creation`] is what the parameters alone say. The files of `mount.fstab` and the jail's root
//! are looked at by [`Creation::complete`] when the prison is created: as on FreeBSD, a hook that
//! runs before may make them.

use crate::addresses;
use crate::devices;
use crate::error::Error;
use crate::fib;
use crate::identity;
use crate::ipc;
use crate::jail::Jail;
use crate::permission;
use crate::recorded;
use crate::securelevel;
use fstab::{Entry, FileSystem, Kernel, Overlay};
use jailparam::{Jailsys, Set, param};
use netif::Fib;
use prison::{
    Addresses, Allow, Dev, Families, Mount, MountOptions, MountSource, Network, Permission,
    Processes, Share, Spec, Users,
};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A prison to be created, as far as the parameters alone describe it.
#[derive(Debug, Clone)]
pub struct Creation {
    /// Everything but the mounts and the /dev.
    known: Spec,
    /// The jail has a /dev of its own, whatever its fstab says.
    has_devfs: bool,
    lines: Lines,
}

/// What is to be mounted, as far as the parameters alone say it.
#[derive(Debug, Clone)]
struct Lines {
    /// The lines of `mount`.
    mounts: Vec<Entry>,
    /// The files of `mount.fstab`.
    files: Vec<PathBuf>,
}

impl Lines {
    fn of(parameters: &Set) -> Result<Self, Error> {
        let mut mounts = Vec::new();
        for line in parameters.list(param::MOUNT) {
            let wrong = |error| Error::Fstab(param::MOUNT.name, None, error);
            mounts.extend(fstab::parse_value(line).map_err(wrong)?);
        }
        let files = parameters.list(param::MOUNT_FSTAB).iter().filter(|file| !file.is_empty());
        let files = files.map(|file| OsString::from_vec(file.clone()).into()).collect();
        Ok(Self { mounts, files })
    }

    /// Reads the files, and finds the mounts of `jail`.
    fn read<'j>(&self, jail: &'j Jail) -> Result<Mounts<'j>, Error> {
        let mut all = Mounts { jail, mounts: Vec::new(), devfs: None };
        all.add(param::MOUNT.name, None, &self.mounts)?;
        let parameter = param::MOUNT_FSTAB.name;
        for file in &self.files {
            let failed = |error| Error::File(parameter, file.clone(), error);
            let text = fs::read(file).map_err(failed)?;
            let wrong = |error| Error::Fstab(parameter, Some(file.clone()), error);
            all.add(parameter, Some(file), &fstab::parse(&text).map_err(wrong)?)?;
        }
        Ok(all)
    }
}

impl Creation {
    /// Reads the prison that `jail` describes. `programs` is the directory of kletka's programs for
    /// use in jails.
    ///
    /// # Errors
    /// A parameter has a value that cannot be used.
    pub fn new(jail: &Jail, programs: Option<&Path>) -> Result<Self, Error> {
        let lines = Lines::of(&jail.parameters)?;
        // Below the host's /dev, whose devices no jail may have, lies a directory of the host's
        // disk. FreeBSD's service jails see a /dev there without asking for one.
        let has_devfs = jail.parameters.flag(param::MOUNT_DEVFS) || jail.path() == Path::new("/");
        Ok(Self { known: known(jail, programs)?, has_devfs, lines })
    }

    /// Describes the prison with all its mounts, by what the files and the root are like now.
    ///
    /// # Errors
    /// A file of `mount.fstab` cannot be read or understood; something cannot be mounted where a
    /// line says; the rulesets of devices cannot be read.
    pub fn complete(&self, jail: &Jail) -> Result<Spec, Error> {
        let all = self.lines.read(jail)?;
        // What `mount.devfs` mounts would cover the line's.
        let dev = match all.devfs.filter(|_| !self.has_devfs) {
            Some(ruleset) => Some(devices::dev(&jail.parameters, ruleset)?),
            None => dev(jail, self.has_devfs)?,
        };
        let dev = dev.map(|dev| with_places(dev, &all.mounts));
        let mut spec = Spec { mounts: all.mounts, dev, ..self.known.clone() };
        if let Some(addresses) = &mut spec.addresses {
            addresses::select_sources(jail, fib::of(jail)?, addresses).map_err(Error::Routes)?;
        }
        Ok(spec)
    }

    /// The prison without the mounts of `mount` and `mount.fstab`.
    ///
    /// # Errors
    /// The rulesets of devices cannot be read.
    pub fn without_files(&self, jail: &Jail) -> Result<Spec, Error> {
        let dev = dev(jail, self.has_devfs)?;
        Ok(Spec { dev, ..self.known.clone() })
    }

    /// The files that are read when the prison is created.
    pub fn files(&self) -> &[PathBuf] {
        &self.lines.files
    }

    /// The parameters that the prison's record will hold.
    pub(crate) fn parameters(&self) -> &[(String, Vec<u8>)] {
        &self.known.parameters
    }

    /// Whether the prison lives on without processes.
    pub(crate) fn persists(&self) -> bool {
        self.known.persist
    }
}

/// The /dev of a jail, if it is to have one of its own.
fn dev(jail: &Jail, has_devfs: bool) -> Result<Option<Dev>, Error> {
    if has_devfs {
        return devices::dev(&jail.parameters, None).map(Some);
    }
    devices::check(&jail.parameters).map(|()| None)
}

/// Adds to a /dev what `mounts` show there and no ruleset brings: a socket such as the host's
/// /dev/log, which on FreeBSD syslogd(8) makes in the jail's /dev.
fn with_places(mut dev: Dev, mounts: &[Mount]) -> Dev {
    let is_file = |source: &Path| fs::metadata(source).is_ok_and(|found| !found.is_dir());
    for mount in mounts {
        let MountSource::Nullfs(source) = &mount.source else { continue };
        let Ok(path) = mount.target.strip_prefix("/dev") else { continue };
        // In a directory of /dev, a ruleset has to bring that.
        let is_new = path.components().count() == 1
            && !dev.nodes.iter().any(|node| node.path == path)
            && !dev.places.iter().any(|place| place == path);
        if is_new && is_file(source) {
            dev.places.push(path.to_owned());
        }
    }
    dev
}

/// Describes what the parameters of `jail` say by themselves.
fn known(jail: &Jail, programs: Option<&Path>) -> Result<Spec, Error> {
    let parameters = &jail.parameters;
    let (network, families, addresses) = network(jail)?;
    permission::check(parameters, users(parameters))?;
    let fib = fib::of(jail)?;
    if network == Network::Carried && fib.is_some_and(|fib| fib != Fib::DEFAULT) {
        let why = "the routes of a jail with kletka.net=ipvlan are those of fib 0; use stack";
        return Err(Error::Value(param::EXEC_FIB.name, why.into()));
    }
    let (hostname, domainname) = identity::names(parameters)?;
    let name = jail.text(param::NAME).map(|name| name.to_string_lossy().into_owned());
    Ok(Spec {
        // A section that is named by a number sets the jid, and the name is the same number.
        name,
        jid: jail.jid(),
        path: jail.path(),
        hostname,
        domainname,
        texts: identity::texts(parameters),
        users: users(parameters),
        network,
        families,
        ipc: ipc::of(parameters)?,
        mounts: Vec::new(),
        dev: None,
        allow: allow(parameters)?,
        clears_flags: securelevel::permits_clearing_flags(securelevel::of(parameters)),
        packet_filters: securelevel::permits_packet_filters(securelevel::of(parameters)),
        persist: parameters.flag(param::PERSIST),
        children: most_inside(parameters),
        processes: Processes {
            most: most_processes(parameters),
            is_required: parameters.given(param::KLETKA_MAXPROC.parameter()).is_some(),
        },
        programs: programs.map(Path::to_path_buf),
        // Only the run knows them.
        neighbours: Arc::default(),
        parameters: recorded::written(parameters),
        addresses,
        mark: fib.map(fib::mark),
    })
}

/// The value of `kletka.maxproc`.
pub(crate) fn most_processes(parameters: &Set) -> u32 {
    parameters.int(param::KLETKA_MAXPROC).and_then(|most| most.try_into().ok()).unwrap_or(0)
}

/// How many jails may be inside.
pub(crate) fn most_inside(parameters: &Set) -> u32 {
    parameters.int(param::CHILDREN_MAX).and_then(|most| most.try_into().ok()).unwrap_or(0)
}

/// The permissions that the parameters give.
fn allow(parameters: &Set) -> Result<Allow, Error> {
    let allow = securelevel::allowed_at(parameters);
    // The kernel keeps what was covered or read-only only where another user namespace than the
    // host's has the copy.
    if allow.has(Permission::Mount) && users(parameters) == Users::Host {
        let why = "a jail with the host's user ids cannot mount; kletka.userns=new";
        return Err(Error::Value(param::ALLOW_MOUNT.name, why.into()));
    }
    Ok(allow)
}

/// The value of `kletka.userns`.
pub(crate) fn users(parameters: &Set) -> Users {
    match parameters.text(param::KLETKA_USERNS).as_deref() {
        Some(b"inherit") => Users::Host,
        _ => Users::Own,
    }
}

/// The network that `vnet`, `ip4` and `ip6` ask for.
fn network(jail: &Jail) -> Result<(Network, Families, Option<Addresses>), Error> {
    let state = |part| jail.parameters.jailsys(part);
    let is_carried = addresses::is_carried(jail);
    let not_carried = |why: &str| Err(Error::Value(param::KLETKA_NET.name, why.into()));
    if is_carried && state(param::VNET) == Jailsys::New {
        return not_carried("a jail with vnet has no addresses of the host; leave one of them out");
    }
    if state(param::VNET) == Jailsys::New {
        return Ok((Network::Own, Families { inet: true, inet6: true }, None));
    }
    if !jail.parameters.list(param::VNET_INTERFACE).is_empty() {
        let why = "needs a network stack of the jail's own; add \"vnet;\"";
        return Err(Error::Value(param::VNET_INTERFACE.name, why.into()));
    }
    let addresses = addresses::of(jail)?;
    match &addresses {
        Some(all) if is_carried && (all.v4 == Share::All || all.v6 == Share::All) => {
            return not_carried("\"inherit\" is for the host's own stack; use stack");
        }
        None if is_carried => {
            return not_carried("there is no address to carry; give the jail ip4.addr or ip6.addr");
        }
        _ => {}
    }
    let families = match &addresses {
        Some(addresses) => {
            Families { inet: !addresses.v4.is_nothing(), inet6: !addresses.v6.is_nothing() }
        }
        None => Families {
            inet: state(param::IP4) == Jailsys::Inherit,
            inet6: state(param::IP6) == Jailsys::Inherit,
        },
    };
    let network = match (families.inet || families.inet6, is_carried) {
        (true, true) => Network::Carried,
        (true, false) => Network::Host,
        (false, _) => Network::Empty,
    };
    Ok((network, families, addresses))
}

/// The mounts of `jail`, in order.
struct Mounts<'j> {
    jail: &'j Jail,
    mounts: Vec<Mount>,
    /// A line asks for the jail's own /dev, as `mount.devfs` does, and may give the ruleset.
    devfs: Option<Option<u16>>,
}

impl Mounts<'_> {
    /// Adds the lines of `parameter`, or of one of its files.
    fn add(
        &mut self,
        parameter: &'static str,
        file: Option<&Path>,
        entries: &[Entry],
    ) -> Result<(), Error> {
        for entry in entries {
            self.devfs = devfs(entry).or(self.devfs);
            self.mounts.extend(mount(self.jail, parameter, file, entry)?);
        }
        Ok(())
    }
}

/// The mounts of `mount` and `mount.fstab` that a jail which runs is given; `None`: it is given
/// neither parameter, and keeps what it has.
///
/// # Errors
/// A file of `mount.fstab` cannot be read or understood; something cannot be mounted where a line
/// says.
pub(crate) fn mounts_given(jail: &Jail, given: &Set) -> Result<Option<Vec<Mount>>, Error> {
    let is_given = [param::MOUNT, param::MOUNT_FSTAB]
        .iter()
        .any(|list| given.given(list.parameter()).is_some());
    if !is_given {
        return Ok(None);
    }
    Ok(Some(Lines::of(given)?.read(jail)?.mounts))
}

/// The places in the jail where the lines of `mount` and `mount.fstab` mount something, as far as
/// they can be read.
pub(crate) fn mount_points(jail: &Jail) -> Vec<PathBuf> {
    let files = jail.parameters.list(param::MOUNT_FSTAB).iter();
    let files = files.filter_map(|file| fs::read(OsString::from_vec(file.clone())).ok());
    let entries = files.flat_map(|text| fstab::parse(&text).unwrap_or_default());
    let targets = values_of_mount(jail)
        .chain(entries)
        .map(|entry| PathBuf::from(OsString::from_vec(entry.target)));
    targets.filter_map(|target| inside(jail, param::MOUNT.name, &target).ok()).collect()
}

/// The values of `mount` that can be read.
fn values_of_mount(jail: &Jail) -> impl Iterator<Item = Entry> + '_ {
    let values = jail.parameters.list(param::MOUNT).iter();
    values.filter_map(|value| fstab::parse_value(value).ok().flatten())
}

/// Puts an error of the creation into jail(8)'s words. About a mount point FreeBSD's check_path()
/// names the parameter, and the path as the host sees it.
pub(crate) fn told_of_mount(jail: &Jail, error: prison::Error) -> Error {
    let on_host = |target: &Path| jail.path().join(target.strip_prefix("/").unwrap_or(target));
    match error {
        prison::Error::SymbolicLink(target) => {
            let path = on_host(&target);
            let link = first_link(&jail.path(), &path).unwrap_or(path);
            Error::SymbolicLink(parameter_of(jail, &target), link)
        }
        prison::Error::MountPoint(target, error) => {
            Error::MountPoint(parameter_of(jail, &target), on_host(&target), error)
        }
        prison::Error::Mount(source, error) => match line_of(jail, &source) {
            Some((parameter, line)) => Error::Source(parameter, line, source, error),
            None => Error::Prison(prison::Error::Mount(source, error)),
        },
        other => Error::Prison(other),
    }
}

/// The parameter that mounts `source`, and the file and the line if the line is in one.
fn line_of(jail: &Jail, source: &Path) -> Option<(&'static str, Option<(PathBuf, usize)>)> {
    let is_meant = |entry: &Entry| Path::new(OsStr::from_bytes(&entry.source)) == source;
    let at = |text: &[u8]| {
        let entries = fstab::parse(text).unwrap_or_default();
        entries.iter().find(|entry| is_meant(entry)).map(|entry| entry.line)
    };
    if values_of_mount(jail).any(|entry| is_meant(&entry)) {
        return Some((param::MOUNT.name, None));
    }
    jail.parameters.list(param::MOUNT_FSTAB).iter().find_map(|file| {
        let file = PathBuf::from(OsString::from_vec(file.clone()));
        let line = at(&fs::read(&file).ok()?)?;
        Some((param::MOUNT_FSTAB.name, Some((file, line))))
    })
}

/// The parameter that mounts something at `target`.
fn parameter_of(jail: &Jail, target: &Path) -> &'static str {
    let mut targets = values_of_mount(jail).filter_map(|entry| {
        let target = PathBuf::from(OsString::from_vec(entry.target));
        inside(jail, param::MOUNT.name, &target).ok()
    });
    if targets.any(|known| known == target) {
        param::MOUNT.name
    } else if jail.parameters.flag(param::MOUNT_DEVFS) && target.starts_with("/dev") {
        param::MOUNT_DEVFS.name
    } else {
        param::MOUNT_FSTAB.name
    }
}

/// The first symbolic link on the way from `root` to `path`: openat2(2) says that there is one, and
/// not where.
pub(crate) fn first_link(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut at = root.to_owned();
    path.strip_prefix(root).ok()?.components().find_map(|part| {
        at.push(part);
        let is_link = fs::symlink_metadata(&at).is_ok_and(|found| found.is_symlink());
        is_link.then(|| at.clone())
    })
}

/// The ruleset that a line of devfs gives; `None`: it is another line.
fn devfs(entry: &Entry) -> Option<Option<u16>> {
    match entry.mount().ok()?.file_system {
        FileSystem::Kernel(Kernel::Dev { ruleset }) => Some(ruleset.filter(|&it| it != 0)),
        _ => None,
    }
}

/// The kernel's file system that a line asks for at `target`; `None` at its usual place, where the
/// jail has it without the line.
fn kernel(
    parameter: &'static str,
    kind: Kernel,
    target: &Path,
) -> Result<Option<MountSource>, Error> {
    let (usual, source) = match kind {
        Kernel::Proc => ("/proc", Some(MountSource::Proc)),
        Kernel::Sys => ("/sys", Some(MountSource::Sys)),
        Kernel::Dev { .. } => ("/dev", None),
        Kernel::Fd => ("/dev/fd", None),
    };
    if target == Path::new(usual) {
        return Ok(None);
    }
    let only = || {
        Error::Value(parameter, format!("{}: {usual} alone has this file system", target.display()))
    };
    source.map(Some).ok_or_else(only)
}

fn mount(
    jail: &Jail,
    parameter: &'static str,
    file: Option<&Path>,
    entry: &Entry,
) -> Result<Option<Mount>, Error> {
    let wrong = |error| Error::Fstab(parameter, file.map(Path::to_path_buf), error);
    let mount = entry.mount().map_err(wrong)?;
    let target = inside(jail, parameter, &mount.target)?;
    let source = match mount.file_system {
        FileSystem::Kernel(kind) => match kernel(parameter, kind, &target)? {
            Some(source) => source,
            None => return Ok(None),
        },
        FileSystem::Disk { kind, device } => MountSource::Disk { kind: kind.to_owned(), device },
        FileSystem::Overlay(Overlay { lower, upper, work }) => {
            MountSource::Overlay { lower, upper: upper.zip(work) }
        }
        FileSystem::Nullfs { source } | FileSystem::Union { source, .. }
            if !source.is_absolute() =>
        {
            return Err(Error::NotAbsolute(parameter, source));
        }
        FileSystem::Union { source: directory, below } => MountSource::Union { directory, below },
        FileSystem::Nullfs { source } => MountSource::Nullfs(source),
        FileSystem::Tmpfs(tmpfs) => MountSource::Tmpfs {
            size: tmpfs.size,
            inodes: tmpfs.inodes,
            mode: tmpfs.mode,
            uid: tmpfs.uid,
            gid: tmpfs.gid,
        },
    };
    let options = MountOptions {
        read_only: mount.flags.read_only,
        nosuid: mount.flags.no_suid,
        noexec: mount.flags.no_exec,
        noatime: mount.flags.no_atime,
    };
    Ok(Some(Mount { source, target, options }))
}

/// Translates a mount point to the path that the jail sees. In fstab(5) it is a path of the host,
/// below the jail's root.
fn inside(jail: &Jail, parameter: &'static str, target: &Path) -> Result<PathBuf, Error> {
    if !target.is_absolute() {
        return Err(Error::NotAbsolute(parameter, target.into()));
    }
    let path = jail.path();
    // The jail's path may lead through symbolic links: a line may name the root either way, or by
    // a link of its own, as /home is one to /usr/home.
    let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
    let by_name = [&path, &real].into_iter().find_map(|root| target.strip_prefix(root).ok());
    let by_link = || {
        let is_root = |above: &&Path| fs::canonicalize(above).is_ok_and(|found| found == real);
        // The first one on the way: behind the root the links are the jail's own.
        target.ancestors().filter(is_root).last().and_then(|root| target.strip_prefix(root).ok())
    };
    match by_name.or_else(by_link).map(Path::to_owned) {
        // A `..` behind the prefix would lead out of the root again.
        Some(inside)
            if inside.components().all(|part| matches!(part, std::path::Component::Normal(_))) =>
        {
            Ok(Path::new("/").join(inside))
        }
        _ => Err(Error::OutsideRoot(parameter, target.into())),
    }
}
