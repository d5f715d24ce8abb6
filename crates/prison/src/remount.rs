//! Lines of fstab(5) in a prison that runs: unmounted and mounted there, all of them or none.
//!
//! This process makes what is to be mounted as for a new prison, enters the prison's mount
//! namespace with the host's rights, and comes back. No path of the prison is followed through a
//! link there. A prison that may mount keeps its mounts: what its root has mounted could cover a
//! line, or keep whoever walks there waiting for ever.

use crate::confine::ids::Ids;
use crate::error::{Calling, Error};
use crate::files::bounds;
use crate::files::lines::{self, Moves};
use crate::files::mountinfo::is_root_of_mount;
use crate::files::overlay::CLONE;
use crate::files::own_mounts::Home;
use crate::files::root::{place, put};
use crate::files::source::Sources;
use crate::files::tree::{Owner, Tree};
use crate::permission::Permission;
use crate::prison::Prison;
use crate::registry::Registry;
use crate::registry::record::Record;
use crate::spec::{Mount, MountSource, Spec, Users};
use kernel::namespace::{self, Namespace};
use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, open_tree, unmount};
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
    /// The record of before.
    before: Option<Box<Record>>,
}

/// Something that is to be mounted, as far as it can be made outside.
enum Made<'m> {
    Tree(Tree),
    /// A tmpfs, whose mount point may say who owns it.
    Tmpfs(&'m Mount),
}

impl Record {
    /// What the prison would have to lose and to get for the mounts that are `wanted`. `None`: its
    /// record does not say which it has.
    #[must_use]
    pub fn moves(&self, wanted: &[Mount]) -> Option<Moves> {
        self.mounts.as_ref().map(|mounted| lines::moves(mounted, wanted))
    }

    /// Whether the prison can have these moves while it runs.
    #[must_use]
    pub fn can_move(&self, moves: &Moves, wanted: &[Mount]) -> bool {
        // What a jail that serves NFS gets is id-mapped, which only a start does.
        let allow = self.rights.allow;
        let fixed = allow.has(Permission::Mount) || allow.has(Permission::Nfsd);
        let is_outside = !self.is_inside() && !fixed;
        moves.is_empty() || is_outside && moves.is_possible(wanted)
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
        let record = &self.record;
        let moves = record.moves(&spec.mounts).unwrap_or_default();
        if moves.is_empty() || !record.can_move(&moves, &spec.mounts) {
            return Ok(Remounted::default());
        }
        let (ids, users) = (record.ids, record.rights.users);
        let sources = Sources::new(registry, spec);
        let wanted = moves.new.iter().map(|&place| &spec.mounts[place]);
        let made: Vec<_> = wanted.map(|mount| make(mount, &sources)).collect::<Result<_, _>>()?;
        settle(&made, ids, users)?;
        let mut done = Remounted::default();
        let moved = within_mounts(self.init.as_fd(), |root| {
            let moved = done.carry_out(root, &moves, made, ids);
            moved.inspect_err(|_| done.undo(root))
        });
        moved?;
        let mounts = lines::recorded(&spec.mounts);
        let after = Record { mounts, ..self.record.clone() };
        if let Err(error) = registry.rewrite(&after) {
            let _ = within_mounts(self.init.as_fd(), |root| {
                done.undo(root);
                Ok(())
            });
            return Err(error);
        }
        done.before = Some(Box::new(std::mem::replace(&mut self.record, after)));
        Ok(done)
    }

    /// Takes back what [`Prison::remount`] has done.
    pub fn give_mounts_back(&mut self, registry: &Registry, mut done: Remounted) {
        let Some(before) = done.before.take() else { return };
        // A prison that has died has no mounts.
        let _ = within_mounts(self.init.as_fd(), |root| {
            done.undo(root);
            Ok(())
        });
        let record = Record { mounts: before.mounts, ..self.record.clone() };
        let _ = registry.rewrite(&record);
        self.record = record;
    }
}

impl Remounted {
    fn carry_out(
        &mut self,
        root: BorrowedFd<'_>,
        moves: &Moves,
        made: Vec<Made<'_>>,
        ids: Ids,
    ) -> Result<(), Error> {
        // The last comes first: it may lie on an earlier one.
        for line in moves.gone.iter().rev() {
            if let Some(clone) = take(root, &line.target)? {
                self.removed.push((line.target.clone(), clone));
            }
        }
        for made in made {
            let tree = match made {
                Made::Tree(tree) => tree,
                Made::Tmpfs(mount) => tmpfs(root, mount, ids)?,
            };
            add(root, tree.fd.as_fd(), &tree.target)?;
            self.added.push(tree.target);
        }
        // A clone of a shared mount of the host would go on receiving what is mounted there.
        mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
            .calling("mount")
    }

    /// Leaves the mounts as they were.
    fn undo(&mut self, root: BorrowedFd<'_>) {
        for target in std::mem::take(&mut self.added).iter().rev() {
            // Nobody has a right to what was never there: whoever is in it by now keeps it.
            let _ = unmount_at(root, target, UnmountFlags::DETACH);
        }
        for (target, clone) in std::mem::take(&mut self.removed).into_iter().rev() {
            let _ = add(root, clone.as_fd(), &target);
        }
    }
}

/// Makes what can be made without the mount point.
fn make<'m>(mount: &'m Mount, sources: &Sources<'_>) -> Result<Made<'m>, Error> {
    let (target, options) = (mount.target.clone(), mount.options);
    let tree = match &mount.source {
        MountSource::Nullfs(source) => {
            Tree::clone_of(&sources.open(source)?, source, target, options)?
        }
        MountSource::Disk { kind, device } => {
            Tree::of_disk(kind, (&sources.open(device)?, device), target, options)?
        }
        MountSource::Tmpfs { .. } => return Ok(Made::Tmpfs(mount)),
        // [`Record::can_move`] has said no to these.
        MountSource::Proc
        | MountSource::Sys
        | MountSource::Overlay { .. }
        | MountSource::Union { .. } => return Err(Error::Mount(target, Errno::NOTSUP.into())),
    };
    Ok(Made::Tree(tree))
}

/// Shows the files of the host under the ids of the prison.
fn settle(made: &[Made<'_>], ids: Ids, users: Users) -> Result<(), Error> {
    let trees =
        || made.iter().filter_map(|it| if let Made::Tree(it) = it { Some(it) } else { None });
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
fn within_mounts<T>(
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

/// Opens a mount point.
fn open_point(root: BorrowedFd<'_>, target: &Path) -> Result<OwnedFd, Error> {
    place(root, target).map_err(|error| match error {
        Errno::LOOP => Error::SymbolicLink(target.into()),
        error => Error::MountPoint(target.into(), error.into()),
    })
}

fn add(root: BorrowedFd<'_>, mount: BorrowedFd<'_>, target: &Path) -> Result<(), Error> {
    let point = open_point(root, target)?;
    put(mount, point.as_fd()).map_err(|error| Error::MountPoint(target.into(), error.into()))
}

/// Unmounts what lies at `target`. Answers a detached clone of it; `None`: nothing is mounted
/// there.
fn take(root: BorrowedFd<'_>, target: &Path) -> Result<Option<OwnedFd>, Error> {
    let failed = |error: Errno| Error::MountPoint(target.into(), error.into());
    let Ok(point) = place(root, target) else { return Ok(None) };
    if !is_root_of_mount(point.as_fd()).map_err(failed)? {
        return Ok(None);
    }
    let clone = open_tree(&point, "", CLONE).map_err(failed)?;
    // Open, it would be in use.
    drop(point);
    unmount_at(root, target, UnmountFlags::empty()).map_err(failed)?;
    Ok(Some(clone))
}

/// Unmounts what lies at `target`. umount2(2) takes a path alone: here it is one name, in the
/// directory that was opened without following a link.
fn unmount_at(root: BorrowedFd<'_>, target: &Path, flags: UnmountFlags) -> rustix::io::Result<()> {
    let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(Errno::BUSY);
    };
    fchdir(place(root, parent)?)?;
    unmount(name, flags | UnmountFlags::NOFOLLOW)
}
