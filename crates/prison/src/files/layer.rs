//! What is attached in a prison's root, and in which order: init follows that order, and a plan
//! shows it.

use crate::spec::{Mount, MountOptions, MountSource, Spec, Text};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// A part of a prison's file systems, in the order of [`Layer::ORDER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The jail's /proc.
    Proc,
    /// The jail's /sys.
    Sys,
    /// What the host has mounted below the root.
    Submounts,
    /// A fresh /run.
    Run,
    /// kletka's own programs.
    Programs,
    /// The lines of fstab(5).
    Lines,
    /// Files with other contents.
    Texts,
    /// The jail's /dev.
    Dev,
    /// The lines of fstab(5) that lie in the jail's own /dev.
    LinesInDev,
}

/// A file system that is made for the prison and begins empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Where it is attached.
    pub target: &'static str,
    /// FreeBSD's word for the file system.
    pub file_system: &'static str,
    /// The jail can only read it.
    pub read_only: bool,
    /// Left out where the root has no mount point for it.
    pub optional: bool,
}

impl Made {
    /// The MOUNT_ATTR_* flags that follow from these options.
    pub(crate) const fn attributes(self) -> u64 {
        if self.read_only { libc::MOUNT_ATTR_RDONLY } else { 0 }
    }
}

/// What a plan shows of a layer.
#[derive(Debug, Clone)]
pub enum Attached<'s> {
    /// A file system that is made for the prison.
    Made(Made),
    /// What the host has mounted below the root.
    Submounts,
    /// A mount of something that exists already.
    Mount(Cow<'s, Mount>),
    /// A file with other contents than it has, if the root has it.
    Text(&'s Text),
}

const OPTIONAL: Made = Made { target: "", file_system: "", read_only: false, optional: true };
pub(crate) const PROC: Made = Made { target: "/proc", file_system: "procfs", ..OPTIONAL };
pub(crate) const SYS: Made =
    Made { target: "/sys", file_system: "sysfs", read_only: true, ..OPTIONAL };
pub(crate) const RUN: Made = Made { target: "/run", file_system: "tmpfs", ..OPTIONAL };
pub(crate) const DEV: Made =
    Made { target: "/dev", file_system: "devfs", optional: false, ..OPTIONAL };

impl Layer {
    /// The order in which layers are attached: a later one covers what an earlier one has at the
    /// same place.
    pub(crate) const ORDER: [Self; 9] = [
        Self::Proc,
        Self::Sys,
        Self::Submounts,
        Self::Run,
        Self::Programs,
        Self::Lines,
        Self::Texts,
        Self::Dev,
        Self::LinesInDev,
    ];

    /// The layer of the lines that a line which mounts at `target` belongs to. What lies in a /dev
    /// that is made for the prison would be covered by that, as on FreeBSD, where nobody has any
    /// use for it.
    pub(crate) fn of_line(target: &Path, has_dev: bool) -> Self {
        let is_in_dev = has_dev && target != Path::new("/dev") && target.starts_with("/dev");
        if is_in_dev { Self::LinesInDev } else { Self::Lines }
    }

    /// The file system that is made for this layer in a prison of this plan.
    pub(crate) fn made(self, spec: &Spec) -> Option<Made> {
        match self {
            Self::Proc => Some(PROC),
            Self::Sys => Some(SYS),
            Self::Run => spec.has_run().then_some(RUN),
            Self::Dev => spec.dev.as_ref().map(|_| DEV),
            Self::Submounts | Self::Programs | Self::Lines | Self::Texts | Self::LinesInDev => None,
        }
    }
}

impl Spec {
    /// Lists all that is mounted over `path`, in the order in which it is attached.
    pub fn attached(&self) -> Vec<Attached<'_>> {
        let each = |layer: Layer| match layer {
            Layer::Submounts => vec![Attached::Submounts],
            Layer::Programs => {
                self.programs_mount().map(Cow::Owned).map(Attached::Mount).into_iter().collect()
            }
            Layer::Texts => self.texts.iter().map(Attached::Text).collect(),
            Layer::Lines | Layer::LinesInDev => {
                let has_dev = self.dev.is_some();
                let is_here = |it: &&Mount| Layer::of_line(&it.target, has_dev) == layer;
                let here = self.mounts.iter().filter(is_here);
                here.map(Cow::Borrowed).map(Attached::Mount).collect()
            }
            made => made.made(self).map(Attached::Made).into_iter().collect(),
        };
        Layer::ORDER.into_iter().flat_map(each).collect()
    }

    /// The mount by which kletka's own programs are shown inside.
    pub(crate) fn programs_mount(&self) -> Option<Mount> {
        let source = MountSource::Nullfs(self.programs.clone()?);
        // Read-only: the host's root executes these very files, so a jail must not change them.
        let options = MountOptions { read_only: true, nosuid: true, ..MountOptions::default() };
        Some(Mount { source, target: PathBuf::from("/run/kletka"), options })
    }
}
