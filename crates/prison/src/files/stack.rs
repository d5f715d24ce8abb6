//! The file systems of a prison, in the order in which they lie over each other,
//! before anything is attached.
//!
//! A line of fstab(5) may name a directory that only an earlier line brings: so what lies at its
//! mount point is looked up here, in the detached mounts. What is mounted on the jail's root itself
//! becomes the root, as on FreeBSD, where a jail's root may be a read-only base mounted that way.

use crate::confine::ids::Ids;
use crate::error::{Error, UnionFault};
use crate::files::bounds;
use crate::files::own_mounts::OwnMounts;
use crate::files::root::{self, Planned};
use crate::files::source::Sources;
use crate::files::tree::{self, Owner, Together, Tree};
use crate::files::union::{self, Upper};
use crate::spec::{Dev, Mount, MountOptions, MountSource, Node, Spec, Users};
use crate::work;
use rustix::fs::{FileType, fstat};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// Records a directory that is made for the prison and removed with it; fails when another prison
/// has it.
pub(crate) type Claim<'a> = &'a mut dyn FnMut(&Path) -> Result<(), Error>;

/// The root and all that is mounted over it so far.
pub(crate) struct Stack {
    pub(crate) root: Tree,
    /// What the host has mounted below the root.
    pub(crate) submounts: Vec<Tree>,
    /// The lines of fstab(5).
    pub(crate) mounts: Vec<Planned>,
    /// What the root was compared with; not needed any more.
    pub(crate) together: Option<Together>,
    ids: Ids,
    /// A user namespace with the jail's ids, once one has been needed.
    users: Option<OwnedFd>,
    owner: Users,
}

impl Stack {
    /// Makes the root, with what the host has mounted below it but not below `hidden`, and then the
    /// lines of `spec`. What is made on the host for a line is claimed first.
    pub(crate) fn new(
        spec: &Spec,
        ids: Ids,
        hidden: &[&str],
        sources: &Sources<'_>,
        claim: Claim<'_>,
    ) -> Result<Self, Error> {
        let opened = sources.root(&spec.path)?;
        let together = Together::of(&opened);
        let root = Tree::root_of((&opened, &spec.path), spec.users, ids, sources)?;
        let is_alone = together.as_ref().is_some_and(|together| together.is_alone(&root));
        let submounts = match root.has_mounts || is_alone {
            true => Vec::new(),
            false => tree::submounts(&opened, hidden)?,
        };
        let (mounts, owner) = (Vec::new(), spec.users);
        let mut stack = Self { root, submounts, mounts, together, ids, users: None, owner };
        for mount in &spec.mounts {
            stack.add(mount, spec.dev.as_ref(), sources, claim)?;
        }
        Ok(stack)
    }

    fn add(
        &mut self,
        mount: &Mount,
        dev: Option<&Dev>,
        sources: &Sources<'_>,
        claim: Claim<'_>,
    ) -> Result<(), Error> {
        let (target, options) = (mount.target.clone(), mount.options);
        let view = |of| Planned::View { of, target: mount.target.clone(), options };
        let tree = match &mount.source {
            MountSource::Proc => {
                self.mounts.push(view("proc"));
                return Ok(());
            }
            MountSource::Sys => {
                self.mounts.push(view("sys"));
                return Ok(());
            }
            MountSource::Nullfs(source) => {
                Tree::clone_of(&sources.open(source)?, source, target, options)?
            }
            MountSource::Disk { kind, device } => {
                Tree::of_disk(kind, (&sources.open(device)?, device), target, options)?
            }
            MountSource::Overlay { lower, upper } => {
                let owner = (self.owner, self.ids);
                Tree::overlay(lower, upper.as_ref(), (target, options), owner, sources)?
            }
            MountSource::Union { directory, below } => {
                let fd = self.union((directory, *below), &target, options, sources, claim)?;
                Tree::made(fd, target)
            }
            MountSource::Tmpfs { size, inodes, mode, uid, gid } => {
                let (owner, bits) = match made_by_init(dev, &target) {
                    Some(node) => (Owner { uid: node.uid, gid: node.gid }, node.mode),
                    None => self.owner(&target)?,
                };
                let owner = Owner { uid: uid.unwrap_or(owner.uid), gid: gid.unwrap_or(owner.gid) };
                let mut settings = vec![("mode", format!("{:o}", mode.unwrap_or(bits)))];
                settings.extend(bounds::of_line(*size, *inodes));
                Tree::tmpfs_of(target, options, &settings, owner, self.ids)?
            }
        };
        if tree.target == Path::new("/") {
            // What was mounted on the old root is covered by the new one.
            (self.submounts, self.mounts) = (Vec::new(), Vec::new());
            self.root = tree;
        } else {
            self.mounts.push(Planned::Tree(tree));
        }
        Ok(())
    }

    /// Finds the tree that is seen at `target`: of the mounts that cover it, the last one.
    fn covering(&mut self, target: &Path) -> &mut Tree {
        let mounts = self.mounts.iter_mut().rev().filter_map(|planned| match planned {
            Planned::Tree(tree) => Some(tree),
            Planned::View { .. } => None,
        });
        let mut trees = mounts.chain(self.submounts.iter_mut().rev());
        trees.find(|tree| target.starts_with(&tree.target)).unwrap_or(&mut self.root)
    }

    /// Opens a mount point in the tree that covers it.
    fn place(&mut self, target: &Path) -> Result<OwnedFd, Error> {
        let tree = self.covering(target);
        let inside = target.strip_prefix(&tree.target).unwrap_or(target);
        opened(tree.fd.as_fd(), inside, target)
    }

    /// Reads who owns a mount point, as the jail sees it, and its permission bits.
    fn owner(&mut self, target: &Path) -> Result<(Owner, u32), Error> {
        let place = self.place(target)?;
        let stat = fstat(&place).map_err(|error| Error::MountPoint(target.into(), error.into()))?;
        let (ids, has_disks) = (self.ids, self.covering(target).has_ids_of_disk());
        // Trees of the host still show the disk's ids, which will be the jail's; a tmpfs has the
        // host's.
        let inside = |id: u32| if has_disks { Some(id) } else { ids.inside(id) };
        let unmapped = || Error::MountPoint(target.into(), Errno::OVERFLOW.into());
        let uid = inside(stat.st_uid).ok_or_else(unmapped)?;
        let gid = inside(stat.st_gid).ok_or_else(unmapped)?;
        Ok((Owner { uid, gid }, stat.st_mode & 0o7777))
    }

    /// Opens what lies at `target`, with the jail's ids: a layer for a union that is made in
    /// `mounts`.
    fn layer(&mut self, target: &Path, mounts: &OwnMounts) -> Result<OwnedFd, Error> {
        let failed = |error: Errno| Error::MountPoint(target.into(), error.into());
        match fstat(&self.place(target)?).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::Directory) => {}
            Ok(_) => return Err(failed(Errno::NOTDIR)),
            Err(error) => return Err(failed(error)),
        }
        if self.owner == Users::Own && self.users.is_none() {
            let made = self.ids.user_namespace();
            self.users = Some(made.map_err(|error| Error::Mount(target.into(), error))?);
        }
        let users = self.users.take();
        // Now, not with the others: the kernel takes the ids that a layer has when the overlay is
        // made.
        let tree = self.covering(target);
        let settled = tree.settle_now(users.as_ref().map(AsFd::as_fd));
        let lent = settled.and_then(|()| {
            mounts.lend(&mut tree.fd).map_err(|error| Error::Mount(target.into(), error))
        });
        self.users = users;
        let inside =
            target.strip_prefix(&self.covering(target).target).unwrap_or(target).to_owned();
        opened(lent?.as_fd(), &inside, target)
    }

    /// Makes a union of a directory of the host and what lies at `target`.
    fn union(
        &mut self,
        (directory, below): (&Path, bool),
        target: &Path,
        options: MountOptions,
        sources: &Sources<'_>,
        claim: Claim<'_>,
    ) -> Result<OwnedFd, Error> {
        let upper = if options.read_only {
            None
        } else if below {
            let tree = self.covering(target);
            if tree.is_read_only() {
                return Err(Error::Mount(target.into(), Errno::ROFS.into()));
            }
            let anchor = tree
                .directory()
                .ok_or_else(|| Error::Union(target.into(), UnionFault::NoPlaceForWork))?;
            let inside = target.strip_prefix(&tree.target).unwrap_or(Path::new(""));
            Some(Upper::new(anchor, inside, sources)?)
        } else {
            Some(Upper::new(directory, Path::new(""), sources)?)
        };
        OwnMounts::with(|mounts| {
            // Before the working directory is made: a failure here leaves nothing to remove.
            let lies = self.layer(target, mounts)?;
            if let Some(upper) = &upper {
                work::check(&upper.work)?;
                // In the registry first, so that a crash leaves no directory that nobody knows of.
                claim(&upper.work)?;
                work::make(&upper.work)?;
            }
            let users = (self.ids, self.users.as_ref().map(AsFd::as_fd));
            union::mount(
                (mounts, sources),
                (directory, &lies),
                below,
                upper.as_ref(),
                options,
                users,
            )
        })
    }
}

/// What init will make in the prison's own /dev at the mount point `target`.
fn made_by_init<'d>(dev: Option<&'d Dev>, target: &Path) -> Option<&'d Node> {
    dev?.find(target.strip_prefix("/dev").ok()?)
}

/// Opens the mount point `target`, which lies at `inside` of a tree. The tree may be hostile: no
/// link is followed.
fn opened(tree: BorrowedFd<'_>, inside: &Path, target: &Path) -> Result<OwnedFd, Error> {
    let opened = if inside.as_os_str().is_empty() {
        fcntl_dupfd_cloexec(tree, 0)
    } else {
        root::place(tree, inside)
    };
    opened.map_err(|error| match error {
        Errno::LOOP => Error::SymbolicLink(target.into()),
        error => Error::MountPoint(target.into(), error.into()),
    })
}
