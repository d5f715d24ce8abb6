//! Lines of fstab(5) in a prison that runs: unmounted and mounted there, all of them or none.
//!
//! This process makes what is to be mounted as for a new prison, enters the prison's mount
//! namespace with the host's rights, and comes back. No path of the prison is followed through a
//! link there. The record says before each step which mount comes or goes, so a command that is
//! killed leaves no doubt about what is mounted. A prison that may mount keeps its mounts: what its
//! root has mounted could cover a line, or keep whoever walks there waiting for ever.

use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::files::bounds;
use crate::files::lines::{self, Mounted, Moves};
use crate::files::mountinfo::{is_root_of_mount, mount_lines_of, mount_of};
use crate::files::overlay::CLONE;
use crate::files::own_mounts::{Home, OwnMounts};
use crate::files::root::{place, put};
use crate::files::source::Sources;
use crate::files::tree::{Owner, Tree};
use crate::files::union;
use crate::permission::Permission;
use crate::prison::Prison;
use crate::registry::Registry;
use crate::registry::record::Record;
use crate::spec::{Mount, MountSource, Spec, Users};
use kernel::namespace::{self, Namespace};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, open_tree, unmount};
use rustix::process::fchdir;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What has been done to the mounts of a prison, to be taken back if the rest of a change fails.
#[derive(Debug, Default)]
pub struct Remounted {
    /// Each line that was unmounted, in this order, and a detached clone of it.
    removed: Vec<(PathBuf, OwnedFd)>,
    /// Where something was mounted, in this order.
    added: Vec<PathBuf>,
    /// The lines of before and those that are new. What is true of them at any moment can be read
    /// from the list of the prison's mounts.
    lines: Vec<Mounted>,
    /// The record of before.
    before: Option<Box<Record>>,
}

/// The prison in which a change is made.
struct Changing<'c> {
    registry: &'c Registry,
    init: BorrowedFd<'c>,
    /// The record of before.
    record: &'c Record,
}

/// A line that is to be mounted.
struct New<'m> {
    mount: &'m Mount,
    made: Made,
}

/// Something that is to be mounted, as far as it can be made outside.
enum Made {
    Tree(Tree),
    /// A tmpfs, whose mount point may say who owns it, or a union, which lies over what its mount
    /// point has.
    Later,
}

impl New<'_> {
    /// What has been made outside already.
    fn tree(&self) -> Option<&Tree> {
        match &self.made {
            Made::Tree(tree) => Some(tree),
            Made::Later => None,
        }
    }
}

impl Record {
    /// The lines that are mounted in the prison, in this order. `None`: that is not known.
    pub(crate) fn mounted(&self) -> Option<Vec<Mounted>> {
        let lines = self.mounts.clone()?;
        if !self.has_unsure_mounts() {
            return Some(lines);
        }
        let mounts = mount_lines_of(&self.init?.pid.to_string()).ok()?;
        Some(lines.into_iter().filter_map(|line| line.among(&mounts)).collect())
    }

    /// Whether the list of the prison's mounts has to tell which lines it has: a change of them is
    /// under way, or was killed.
    pub(crate) fn has_unsure_mounts(&self) -> bool {
        self.mounts.iter().flatten().any(|line| line.only_as.is_some())
    }

    /// What the prison would have to lose and to get for the mounts that are `wanted`. `None`: its
    /// record does not say which it has.
    #[must_use]
    pub fn moves(&self, wanted: &[Mount]) -> Option<Moves> {
        self.mounted().map(|mounted| lines::moves(&mounted, wanted))
    }

    /// Whether the prison can have these moves while it runs.
    #[must_use]
    pub fn can_move(&self, moves: &Moves, wanted: &[Mount]) -> bool {
        moves.is_empty() || self.keeps_mounts().is_none() && moves.is_possible(wanted)
    }

    /// Why the host neither mounts nor unmounts anything in the prison while it runs, if it does
    /// not: a permission, or `children.max`.
    pub(crate) fn keeps_mounts(&self) -> Option<&'static str> {
        let allow = self.rights.allow;
        if self.is_inside() {
            // It is another jail's.
            Some("children.max")
        } else if allow.has(Permission::Mount) {
            Some("allow.mount")
        } else if allow.has(Permission::Nfsd) {
            // What it gets is id-mapped, which only a start does.
            Some("allow.nfsd")
        } else {
            None
        }
    }
}

impl Prison {
    /// Gives the prison, which runs, the mounts of `spec`, of which only they, the root and its
    /// neighbours are looked at. Where that fails, nothing is changed.
    ///
    /// # Errors
    /// Those of a creation with such mounts; [`Error::MountPoint`] with `EBUSY`: a process uses
    /// what was to be unmounted.
    pub fn remount(&mut self, registry: &Registry, spec: &Spec) -> Result<Remounted, Error> {
        let before = Record { mounts: self.record.mounted(), ..self.record.clone() };
        let moves = before.moves(&spec.mounts).unwrap_or_default();
        if moves.is_empty() || !before.can_move(&moves, &spec.mounts) {
            return Ok(Remounted::default());
        }
        let (sources, owner) = (Sources::new(registry, spec), (before.rights.users, before.ids));
        let wanted = moves.new.iter().map(|&place| &spec.mounts[place]);
        let new: Vec<_> =
            wanted.map(|mount| make(mount, owner, &sources)).collect::<Result<_, _>>()?;
        settle(&new, before.ids, before.rights.users)?;
        let lines = before.mounts.clone().unwrap_or_default();
        let mut done = Remounted { lines, ..Remounted::default() };
        let changing = Changing { registry, init: self.init.as_fd(), record: &before };
        let after = Record { mounts: lines::recorded(&spec.mounts), ..before.clone() };
        let changed = done.carry_out((&changing, &sources), &moves, new);
        if let Err(error) = changed.and_then(|()| registry.rewrite(&after)) {
            done.undo(&changing);
            return Err(error);
        }
        self.record = after;
        done.before = Some(Box::new(before));
        Ok(done)
    }

    /// Takes back what [`Prison::remount`] has done.
    pub fn give_mounts_back(&mut self, registry: &Registry, mut done: Remounted) {
        let Some(before) = done.before.take() else { return };
        let record = Record { mounts: before.mounts, ..self.record.clone() };
        let changing = Changing { registry, init: self.init.as_fd(), record: &record };
        let _ = changing.write(&done.lines);
        done.undo(&changing);
        self.record = record;
    }
}

impl Changing<'_> {
    /// Writes down what the prison has while its lines change.
    fn write(&self, lines: &[Mounted]) -> Result<(), Error> {
        self.registry.rewrite(&Record { mounts: Some(lines.to_vec()), ..self.record.clone() })
    }

    /// Calls `act` in the mount namespace of the prison, with its root. The registry cannot be
    /// written there.
    fn within<T>(&self, act: impl FnOnce(BorrowedFd<'_>) -> Result<T, Error>) -> Result<T, Error> {
        within_mounts(self.init, act)
    }
}

impl Remounted {
    fn carry_out(
        &mut self,
        (changing, sources): (&Changing<'_>, &Sources<'_>),
        moves: &Moves,
        new: Vec<New<'_>>,
    ) -> Result<(), Error> {
        // The last comes first: it may lie on an earlier one.
        moves.gone.iter().rev().try_for_each(|line| self.remove(changing, line))?;
        new.into_iter().try_for_each(|new| self.add(changing, new, sources))
    }

    /// Unmounts a line.
    fn remove(&mut self, changing: &Changing<'_>, line: &Mounted) -> Result<(), Error> {
        let failed = |error: Errno| Error::MountPoint(line.target.clone(), error.into());
        let found = changing.within(|root| found_at(root, &line.target))?;
        let (numbers, clone) = match found {
            // Either of the two is the line: the second one once it has been put back.
            Some(Found { mount, clone }) => {
                (vec![mount, mount_of(clone.as_fd()).map_err(failed)?], Some(clone))
            }
            None => (Vec::new(), None),
        };
        if let Some(same) = self.lines.iter_mut().rev().find(|it| *it == line) {
            same.only_as = Some(numbers);
        }
        let Some(clone) = clone else { return Ok(()) };
        changing.write(&self.lines)?;
        changing
            .within(|root| unmount_at(root, &line.target, UnmountFlags::empty()).map_err(failed))?;
        self.removed.push((line.target.clone(), clone));
        Ok(())
    }

    /// Mounts a line.
    fn add(
        &mut self,
        changing: &Changing<'_>,
        new: New<'_>,
        sources: &Sources<'_>,
    ) -> Result<(), Error> {
        let tree = match (new.made, &new.mount.source) {
            (Made::Tree(tree), _) => tree,
            (Made::Later, MountSource::Union { directory, below }) => {
                union(changing, (directory, *below), new.mount, sources)?
            }
            (Made::Later, _) => {
                changing.within(|root| tmpfs(root, new.mount, changing.record.ids))?
            }
        };
        let number = mount_of(tree.fd.as_fd());
        let number = number.map_err(|error| Error::Mount(tree.target.clone(), error.into()))?;
        self.lines.push(Mounted { only_as: Some(vec![number]), ..Mounted::of(new.mount) });
        changing.write(&self.lines)?;
        changing.within(|root| put_at(root, tree.fd.as_fd(), &tree.target))?;
        self.added.push(tree.target);
        Ok(())
    }

    /// Leaves the mounts and the record as they were. A prison that has died has neither.
    fn undo(&mut self, changing: &Changing<'_>) {
        let _ = changing.within(|root| {
            for target in std::mem::take(&mut self.added).iter().rev() {
                // Nobody has a right to what was never there: whoever is in it by now keeps it.
                let _ = unmount_at(root, target, UnmountFlags::DETACH);
            }
            for (target, clone) in std::mem::take(&mut self.removed).into_iter().rev() {
                let _ = put_at(root, clone.as_fd(), &target);
            }
            Ok(())
        });
        let _ = changing.registry.rewrite(changing.record);
    }
}

/// Makes what can be made without the mount point.
fn make<'m>(
    mount: &'m Mount,
    owner: (Users, Ids),
    sources: &Sources<'_>,
) -> Result<New<'m>, Error> {
    let (target, options) = (mount.target.clone(), mount.options);
    let tree = match &mount.source {
        MountSource::Nullfs(source) => {
            Tree::clone_of(&sources.open(source)?, source, target, options)?
        }
        MountSource::Disk { kind, device } => {
            Tree::of_disk(kind, (&sources.open(device)?, device), target, options)?
        }
        MountSource::Overlay { lower, upper } => {
            Tree::overlay(lower, upper.as_ref(), (target, options), owner, sources)?
        }
        MountSource::Tmpfs { .. } | MountSource::Union { .. } => {
            return Ok(New { mount, made: Made::Later });
        }
        // [`Record::can_move`] has said no to these.
        MountSource::Proc | MountSource::Sys => {
            return Err(Error::Mount(target, Errno::NOTSUP.into()));
        }
    };
    Ok(New { mount, made: Made::Tree(tree) })
}

/// Shows the files of the host under the ids of the prison.
fn settle(new: &[New<'_>], ids: Ids, users: Users) -> Result<(), Error> {
    let trees = || new.iter().filter_map(New::tree);
    if trees().next().is_none() {
        return Ok(());
    }
    let users = (users == Users::Own).then(|| ids.user_namespace()).transpose();
    let users = users.calling("unshare")?;
    trees().try_for_each(|tree| tree.settle(users.as_ref().map(AsFd::as_fd)))
}

/// Makes a tmpfs for a mount point that is there.
fn tmpfs(root: BorrowedFd<'_>, mount: &Mount, ids: Ids) -> Result<Tree, Error> {
    let MountSource::Tmpfs { size, inodes, mode, uid, gid } = &mount.source else {
        return Err(Error::Mount(mount.target.clone(), Errno::INVAL.into()));
    };
    let failed = |error: Errno| Error::MountPoint(mount.target.clone(), error.into());
    let stat = fstat(&open_point(root, &mount.target)?).map_err(failed)?;
    let inside = |id| ids.inside(id).ok_or_else(|| failed(Errno::OVERFLOW));
    let owner = Owner {
        uid: uid.map_or_else(|| inside(stat.st_uid), Ok)?,
        gid: gid.map_or_else(|| inside(stat.st_gid), Ok)?,
    };
    let bits = mode.unwrap_or(stat.st_mode & 0o7777);
    let mut settings = vec![("mode", format!("{bits:o}"))];
    settings.extend(bounds::of_line(*size, *inodes));
    Tree::tmpfs_of(mount.target.clone(), mount.options, &settings, owner, ids)
}

/// Calls `act` in the mount namespace of the prison whose init this is, with its root.
pub(crate) fn within_mounts<T>(
    init: BorrowedFd<'_>,
    act: impl FnOnce(BorrowedFd<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mounts = namespace::of_process(init, Namespace::Mount).map_err(|_| Error::Died)?;
    let home = Home::find()?;
    move_into_link_name_space(mounts.as_fd(), Some(LinkNameSpaceType::Mount)).calling("setns")?;
    let root = open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).calling("open");
    let done = root.and_then(|root| act(root.as_fd()));
    home.come_back()?;
    done
}

/// Makes a union that nobody writes to, of a directory of the host and what the mount point has.
fn union(
    changing: &Changing<'_>,
    (directory, below): (&Path, bool),
    mount: &Mount,
    sources: &Sources<'_>,
) -> Result<Tree, Error> {
    let (target, record) = (&mount.target, changing.record);
    let failed = |error: Errno| Error::MountPoint(target.clone(), error.into());
    let lies = changing.within(|root| {
        let point = open_point(root, target)?;
        match FileType::from_raw_mode(fstat(&point).map_err(failed)?.st_mode) {
            FileType::Directory => open_tree(point, "", CLONE).map_err(failed),
            _ => Err(failed(Errno::NOTDIR)),
        }
    })?;
    let users = (record.rights.users == Users::Own).then(|| record.ids.user_namespace());
    let users = users.transpose().calling("unshare")?;
    let made = OwnMounts::with(|mounts| {
        let attached = mounts.attach(lies.as_fd());
        attached.map_err(|error| Error::Mount(target.clone(), error))?;
        let ids = (record.ids, users.as_ref().map(AsFd::as_fd));
        union::mount((mounts, sources), (directory, &lies), below, None, mount.options, ids)
    })?;
    Ok(Tree::made(made, target.clone()))
}

/// Opens a mount point.
fn open_point(root: BorrowedFd<'_>, target: &Path) -> Result<OwnedFd, Error> {
    place(root, target).map_err(|error| match error {
        Errno::LOOP => Error::SymbolicLink(target.into()),
        error => Error::MountPoint(target.into(), error.into()),
    })
}

/// Attaches a mount at `target` of a prison.
pub(crate) fn put_at(
    root: BorrowedFd<'_>,
    mount: BorrowedFd<'_>,
    target: &Path,
) -> Result<(), Error> {
    let point = open_point(root, target)?;
    put(mount, point.as_fd()).map_err(|error| Error::MountPoint(target.into(), error.into()))
}

/// What lies at a mount point: the kernel's number of that mount, and a detached clone.
struct Found {
    mount: u64,
    clone: OwnedFd,
}

/// Looks for what lies at `target`. `None`: nothing is mounted there.
fn found_at(root: BorrowedFd<'_>, target: &Path) -> Result<Option<Found>, Error> {
    let failed = |error: Errno| Error::MountPoint(target.into(), error.into());
    let Ok(point) = place(root, target) else { return Ok(None) };
    if !is_root_of_mount(point.as_fd()).map_err(failed)? {
        return Ok(None);
    }
    let mount = mount_of(point.as_fd()).map_err(failed)?;
    let clone = open_tree(&point, "", CLONE).map_err(failed)?;
    Ok(Some(Found { mount, clone }))
}

/// Unmounts what lies at `target`. umount2(2) takes a path alone: here it is one name, in the
/// directory that was opened without following a link.
pub(crate) fn unmount_at(
    root: BorrowedFd<'_>,
    target: &Path,
    flags: UnmountFlags,
) -> rustix::io::Result<()> {
    let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(Errno::BUSY);
    };
    fchdir(place(root, parent)?)?;
    unmount(name, flags | UnmountFlags::NOFOLLOW)
}
