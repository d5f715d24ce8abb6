//! A root that is an overlay: a file system over layers. An overlay cannot be idmapped itself, but
//! its layers can.
//!
//! The overlay that the host has mounted is made again over idmapped clones of its layers, as the
//! kernel's filesystems/overlayfs.rst describes. The upper and the work directory must lie on one
//! mount, so the directory that holds both is cloned. The overlay is mounted with the jail's root
//! as the file system user: the host's root has no id in the idmapped upper layer, and the kernel
//! would make the overlay read-only without a word.

use crate::confine::ids::Ids;
use crate::error::Error;
use crate::files::mountinfo::{MountLine, mount_line_of};
use crate::files::own_mounts::OwnMounts;
use crate::files::source::Sources;
use crate::spec::Users;
use kernel::mount;
use kernel::proc::by_descriptor;
use rustix::fs::{Mode, OFlags, ResolveFlags, StatVfsMountFlags, fstatvfs, openat2};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_string,
    fsmount, fsopen, open_tree,
};
use rustix::thread::{
    CapabilitiesSecureBits, capabilities_secure_bits, set_capabilities_secure_bits,
};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Options of an overlay that are kept for its copy.
const KEPT: [&str; 6] = ["redirect_dir", "index", "metacopy", "xino", "userxattr", "volatile"];

/// What an overlay is made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layers {
    /// Uppermost first.
    lower: Vec<PathBuf>,
    /// Upper and work directory; without them the overlay is read-only.
    upper: Option<(PathBuf, PathBuf)>,
    options: Vec<(String, String)>,
}

/// Makes a detached overlay of these directories, with the ids of a jail if it has its own, and
/// MOUNT_ATTR_* flags. `target` is its name in an error.
pub(crate) fn of_layers(
    (lower, upper): (&[PathBuf], Option<&(PathBuf, PathBuf)>),
    target: &Path,
    (users, ids): (Users, Ids),
    attributes: u64,
    sources: &Sources<'_>,
) -> Result<OwnedFd, Error> {
    let failed = |error: io::Error| Error::Mount(target.into(), error);
    let layers = Layers { lower: lower.to_vec(), upper: upper.cloned(), options: Vec::new() };
    let own = users == Users::Own;
    let userns = own.then(|| ids.user_namespace()).transpose().map_err(failed)?;
    let ids = if own { ids } else { Ids::SAME };
    OwnMounts::with(|mounts| {
        let opened = layers.open(mounts, userns.as_ref().map(AsFd::as_fd), sources, &failed)?;
        opened.mount(ids, attributes).map_err(failed)
    })
}

/// If the directory that is `opened` at `path` is on an overlay, makes a detached mount of the same
/// tree with the ids of a jail.
pub(crate) fn idmapped(
    (opened, path): (&OwnedFd, &Path),
    ids: Ids,
    sources: &Sources<'_>,
) -> Result<Option<OwnedFd>, Error> {
    let Some(line) = mount_line_of(opened).filter(|line| line.file_system == "overlay") else {
        return Ok(None);
    };
    let failed = |error: io::Error| Error::Mount(path.into(), error);
    let layers = Layers::of(&line).ok_or_else(|| failed(io::ErrorKind::Unsupported.into()))?;
    let users = ids.user_namespace().map_err(failed)?;
    let real = fs::read_link(by_descriptor(opened)).map_err(failed)?;
    // The new overlay shows the whole file system: only the part below `path` is the jail's.
    let inside = real.strip_prefix(&line.point).unwrap_or(Path::new(""));
    OwnMounts::with(|mounts| {
        let nodev = libc::MOUNT_ATTR_NODEV;
        let layers = layers.open(mounts, Some(users.as_fd()), sources, &failed)?;
        let mount = layers.mount(ids, nodev).map_err(failed)?;
        if inside.as_os_str().is_empty() {
            return Ok(Some(mount));
        }
        mounts.attach(mount.as_fd()).map_err(failed)?;
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let part = open_tree(&mount, inside, flags);
        part.map(Some).map_err(|error| failed(error.into()))
    })
}

/// If `path` is on an overlay, tells whether its layers can be idmapped. No overlay is made of
/// them: two with the same upper directory would disturb each other.
pub(crate) fn try_layers(opened: &OwnedFd, users: BorrowedFd<'_>) -> Option<Result<(), Error>> {
    let line = mount_line_of(opened).filter(|line| line.file_system == "overlay")?;
    let Some(layers) = Layers::of(&line) else {
        return Some(Err(Error::Mount(line.point, io::ErrorKind::Unsupported.into())));
    };
    let upper = layers.upper.iter().map(|(upper, work)| common_parent(upper, work));
    let each = layers.lower.iter().cloned().chain(upper);
    Some(each.into_iter().try_for_each(|layer| {
        let opened = Sources::of_host().open(&layer)?;
        idmapped_clone(&opened, users).map(drop).map_err(|error| Error::Mount(layer, error))
    }))
}

/// The flags of open_tree(2) for a clone of the very directory that is open.
pub(crate) const CLONE: OpenTreeFlags = OpenTreeFlags::OPEN_TREE_CLONE
    .union(OpenTreeFlags::OPEN_TREE_CLOEXEC)
    .union(OpenTreeFlags::AT_EMPTY_PATH);

/// An overlay whose layers are attached, and stay so as long as this value lives.
struct Attached {
    layers: Layers,
    _opened: Vec<OwnedFd>,
}

impl Attached {
    fn mount(&self, ids: Ids, attributes: u64) -> io::Result<OwnedFd> {
        self.layers.mount_ready(ids, attributes)
    }
}

impl Layers {
    /// Reads the layers from the options that the kernel shows; `None` when there are layers of
    /// other kinds.
    fn of(line: &MountLine) -> Option<Self> {
        let mut layers = Self::default();
        let (mut upper, mut work) = (None, None);
        for option in split(&line.options, b',') {
            let (name, value) = match option.iter().position(|&byte| byte == b'=') {
                Some(equals) => (&option[..equals], &option[equals + 1..]),
                None => (&option[..], &b""[..]),
            };
            let path = || PathBuf::from(OsStr::from_bytes(&unescape(value)));
            match name {
                // The kernel shows the form in which the layers were given: one option, or one
                // `lowerdir+` each.
                b"lowerdir" => {
                    let each = split(value, b':');
                    let each =
                        each.iter().map(|layer| PathBuf::from(OsStr::from_bytes(&unescape(layer))));
                    layers.lower.extend(each);
                }
                b"lowerdir+" => layers.lower.push(path()),
                b"upperdir" => upper = Some(path()),
                b"workdir" => work = Some(path()),
                b"datadir+" => return None,
                _ => {
                    let (name, value) =
                        (std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?);
                    if KEPT.contains(&name) {
                        layers.options.push((name.into(), value.into()));
                    }
                }
            }
        }
        layers.upper = upper.zip(work);
        // A data-only layer is shown as an empty name between two colons.
        let whole = layers.lower.iter().all(|layer| layer.is_absolute());
        (whole && !layers.lower.is_empty()).then_some(layers)
    }

    /// Takes layers that already have the ids that they are to have.
    pub(crate) fn of_ready(lower: Vec<PathBuf>, upper: Option<(PathBuf, PathBuf)>) -> Self {
        Self { lower, upper, options: Vec::new() }
    }

    /// Opens the layers and attaches them in `mounts`, with the ids of `users` if there are any.
    fn open(
        &self,
        mounts: &OwnMounts,
        users: Option<BorrowedFd<'_>>,
        sources: &Sources<'_>,
        failed: &dyn Fn(io::Error) -> Error,
    ) -> Result<Attached, Error> {
        let layer =
            |path: &Path| attached_layer(mounts, sources.open(path)?, users).map_err(failed);
        let lower = self.lower.iter().map(|path| layer(path));
        let mut opened: Vec<OwnedFd> = lower.collect::<Result<_, _>>()?;
        let mut layers = Self::of_ready(opened.iter().map(by_descriptor).collect(), None);
        layers.options.clone_from(&self.options);
        if let Some((upper, work)) = &self.upper {
            let common = common_parent(upper, work);
            let holder = layer(&common)?;
            let inside = |path: &Path| {
                let inside = path.strip_prefix(&common).unwrap_or(path);
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                openat2(&holder, inside, flags, Mode::empty(), ResolveFlags::BENEATH)
                    .map_err(|error| Error::Mount(path.into(), error.into()))
            };
            let (upper, work) = (inside(upper)?, inside(work)?);
            layers.upper = Some((by_descriptor(&upper), by_descriptor(&work)));
            opened.extend([holder, upper, work]);
        }
        Ok(Attached { layers, _opened: opened })
    }

    /// Mounts the overlay over layers that already have the ids that they are to have, and are
    /// attached in this process's mount namespace.
    pub(crate) fn mount_ready(&self, ids: Ids, attributes: u64) -> io::Result<OwnedFd> {
        let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        let lower: Vec<&OsStr> = self.lower.iter().map(|layer| layer.as_os_str()).collect();
        fsconfig_set_string(&context, "lowerdir", lower.join(OsStr::new(":")))?;
        if let Some((upper, work)) = &self.upper {
            fsconfig_set_string(&context, "upperdir", upper.as_os_str())?;
            fsconfig_set_string(&context, "workdir", work.as_os_str())?;
        }
        for (key, value) in &self.options {
            fsconfig_set_string(&context, key.as_str(), value.as_str())?;
        }
        // This call makes the work directory's content, and takes the file system ids of now.
        as_root_of(ids, || fsconfig_create(&context))?;
        let flags = MountAttrFlags::from_bits_retain(attributes as u32);
        let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?;
        // An overlay that cannot write to its working directory is mounted all the same, read-only.
        let read_only = fstatvfs(&mount)?.f_flag.contains(StatVfsMountFlags::RDONLY);
        let writes = self.upper.is_some() && attributes & libc::MOUNT_ATTR_RDONLY == 0;
        if read_only && writes { Err(Errno::ROFS.into()) } else { Ok(mount) }
    }
}

/// Makes a directory that is `opened` a layer of an overlay that is made in `mounts`: a clone with
/// the ids of `users`. Without `users` the directory itself is the layer, as a jail cannot clone a
/// mount below which others are locked.
pub(crate) fn attached_layer(
    mounts: &OwnMounts,
    opened: OwnedFd,
    users: Option<BorrowedFd<'_>>,
) -> io::Result<OwnedFd> {
    let Some(users) = users else { return Ok(opened) };
    let clone = idmapped_clone(&opened, users)?;
    mounts.attach(clone.as_fd())?;
    Ok(clone)
}

/// Makes a detached clone of a directory with the ids of `users`.
fn idmapped_clone(opened: &OwnedFd, users: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let clone = open_tree(opened, "", CLONE)?;
    mount::set_attributes(clone.as_fd(), 0, Some(users))?;
    Ok(clone)
}

fn common_parent(one: &Path, other: &Path) -> PathBuf {
    let same = one.components().zip(other.components()).take_while(|(a, b)| a == b);
    same.map(|(part, _)| part).collect()
}

/// Calls `act` with the file system ids of a jail's root. The securebit keeps the capabilities over
/// files, which the kernel drops otherwise when the ids leave 0.
fn as_root_of(ids: Ids, act: impl FnOnce() -> rustix::io::Result<()>) -> io::Result<()> {
    let before = capabilities_secure_bits()?;
    set_capabilities_secure_bits(before | CapabilitiesSecureBits::NO_SETUID_FIXUP)?;
    mount::set_file_system_ids(ids.first, ids.first);
    let done = act();
    mount::set_file_system_ids(0, 0);
    set_capabilities_secure_bits(before)?;
    Ok(done?)
}

/// Splits at `separator`, but not where a backslash escapes it.
fn split(text: &[u8], separator: u8) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut escaped = false;
    for &byte in text {
        if byte == separator && !escaped {
            parts.push(Vec::new());
            continue;
        }
        escaped = byte == b'\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(byte);
        }
    }
    parts
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        out.push(if byte == b'\\' { *bytes.next().unwrap_or(&byte) } else { byte });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(options: &[u8]) -> Option<Layers> {
        Layers::of(&MountLine {
            id: 1,
            device: "0:1".into(),
            root: "/".into(),
            point: "/".into(),
            file_system: "overlay".into(),
            options: options.to_vec(),
        })
    }

    #[test]
    #[rustfmt::skip]
    fn options_of_the_kernel() {
        let two = |lower: [&str; 2]| lower.map(PathBuf::from).to_vec();
        let upper = Some((PathBuf::from("/u/up"), PathBuf::from("/u/work")));
        // super.c of fs/overlayfs: the forms before and after Linux 6.8, and escapes.
        for (options, lower, upper) in [
            (&b"rw,lowerdir=/a:/b,upperdir=/u/up,workdir=/u/work"[..], two(["/a", "/b"]), upper),
            (b"ro,lowerdir+=/a,lowerdir+=/b,redirect_dir=on",           two(["/a", "/b"]), None),
            (b"ro,lowerdir=/a\\:x:/b\\,y",                              two(["/a:x", "/b,y"]), None),
        ] {
            let got = layers(options).unwrap();
            assert_eq!((got.lower, got.upper), (lower, upper), "{}", options.escape_ascii());
        }
        assert_eq!(layers(b"rw,lowerdir=relative"), None);
        assert_eq!(layers(b"rw,lowerdir+=/a,datadir+=/d"), None);
    }

    #[test]
    fn the_directory_that_holds_both() {
        let common = common_parent(Path::new("/u/x/up"), Path::new("/u/x/work"));
        assert_eq!(common, Path::new("/u/x"));
    }
}
