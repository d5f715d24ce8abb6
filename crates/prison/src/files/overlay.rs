//! A root that is an overlay: a file system over layers, which cannot be idmapped
//! itself, while its layers can.
//!
//! The overlay that the host has mounted is made again over idmapped clones of its layers, as the
//! kernel's filesystems/overlayfs.rst has it. The upper and the work directory must lie on one
//! mount, so the directory that holds both is cloned. The mount is made with the jail's root as the
//! file system user: as the host's root, who has no id in the idmapped upper layer, it would be
//! read-only without a word.

use crate::confine::ids::Ids;
use crate::error::Error;
use crate::files::mountinfo::{MountLine, mount_line_of};
use kernel::mount;
use kernel::proc::by_descriptor;
use rustix::fs::{CWD, Mode, OFlags, StatVfsMountFlags, fstatvfs, open};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_string,
    fsmount, fsopen, open_tree,
};
use rustix::thread::{
    CapabilitiesSecureBits, capabilities_secure_bits, set_capabilities_secure_bits,
};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Options of an overlay that hold for its copy too.
const KEPT: [&str; 6] = ["redirect_dir", "index", "metacopy", "xino", "userxattr", "volatile"];

/// What an overlay is made of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layers {
    /// Uppermost first.
    lower: Vec<PathBuf>,
    /// Upper and work directory; without them nothing can be written.
    upper: Option<(PathBuf, PathBuf)>,
    options: Vec<(String, String)>,
}

/// A detached overlay of these directories, with the ids of a jail if there are
/// any, and MOUNT_ATTR_* flags.
pub(crate) fn of_layers(
    lower: &[PathBuf],
    upper: Option<&(PathBuf, PathBuf)>,
    ids: Option<Ids>,
    attributes: u64,
) -> io::Result<OwnedFd> {
    let layers = Layers { lower: lower.to_vec(), upper: upper.cloned(), options: Vec::new() };
    let users = ids.map(Ids::user_namespace).transpose()?;
    layers.mount(users.as_ref().map(AsFd::as_fd), ids.unwrap_or(Ids::SAME), attributes)
}

/// If `path` is on an overlay: a detached mount of the same tree, with the ids of a jail.
pub(crate) fn idmapped(path: &Path, ids: Ids) -> Result<Option<OwnedFd>, Error> {
    let Some(line) = mount_line_of(path).filter(|line| line.file_system == "overlay") else {
        return Ok(None);
    };
    let failed = |error: io::Error| Error::Mount(path.into(), error);
    let layers = Layers::of(&line).ok_or_else(|| failed(io::ErrorKind::Unsupported.into()))?;
    let users = ids.user_namespace().map_err(failed)?;
    let mount = layers.mount(Some(users.as_fd()), ids, libc::MOUNT_ATTR_NODEV).map_err(failed)?;
    let real = mount::realpath(path).map_err(failed)?;
    match real.strip_prefix(&line.point) {
        Ok(inside) if !inside.as_os_str().is_empty() => {
            let part = open_tree(&mount, inside, clone_flags());
            part.map(Some).map_err(|error| failed(error.into()))
        }
        _ => Ok(Some(mount)),
    }
}

/// If `path` is on an overlay: whether its layers can be idmapped. No overlay is made of them: two
/// with the same upper directory would be in each other's way.
pub(crate) fn try_layers(path: &Path, users: BorrowedFd<'_>) -> Option<io::Result<()>> {
    let line = mount_line_of(path).filter(|line| line.file_system == "overlay")?;
    let Some(layers) = Layers::of(&line) else {
        return Some(Err(io::ErrorKind::Unsupported.into()));
    };
    let upper = layers.upper.iter().map(|(upper, work)| common_parent(upper, work));
    let each = layers.lower.iter().cloned().chain(upper);
    Some(each.into_iter().try_for_each(|layer| layer_of(&layer, Some(users)).map(drop)))
}

fn clone_flags() -> OpenTreeFlags {
    OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC
}

impl Layers {
    /// Reads them from the options that the kernel shows; `None` when there
    /// are layers of other kinds.
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
        // A data-only layer shows as an empty name between two colons.
        let whole = layers.lower.iter().all(|layer| layer.is_absolute());
        (whole && !layers.lower.is_empty()).then_some(layers)
    }

    /// Layers that have the ids they are to have.
    pub(crate) fn of_ready(lower: Vec<PathBuf>, upper: Option<(PathBuf, PathBuf)>) -> Self {
        Self { lower, upper, options: Vec::new() }
    }

    fn mount(
        &self,
        users: Option<BorrowedFd<'_>>,
        ids: Ids,
        attributes: u64,
    ) -> io::Result<OwnedFd> {
        let lower = self.lower.iter().map(|layer| layer_of(layer, users));
        let lower: Vec<OwnedFd> = lower.collect::<io::Result<_>>()?;
        let mut ready = Self::of_ready(lower.iter().map(by_descriptor).collect(), None);
        ready.options.clone_from(&self.options);
        let mut holder = None;
        if let Some((upper, work)) = &self.upper {
            let common = common_parent(upper, work);
            let clone = holder.insert(layer_of(&common, users)?);
            let inside =
                |path: &Path| by_descriptor(clone).join(path.strip_prefix(&common).unwrap_or(path));
            ready.upper = Some((inside(upper), inside(work)));
        }
        ready.mount_ready(ids, attributes)
    }

    /// The mount, over layers that have the ids they are to have.
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
        as_root_of(ids, || fsconfig_create(&context))?;
        let flags = MountAttrFlags::from_bits_retain(attributes as u32);
        let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?;
        // Where it cannot work in the working directory, the kernel makes it
        // read-only without a word.
        let read_only = fstatvfs(&mount)?.f_flag.contains(StatVfsMountFlags::RDONLY);
        let writes = self.upper.is_some() && attributes & libc::MOUNT_ATTR_RDONLY == 0;
        if read_only && writes { Err(Errno::ROFS.into()) } else { Ok(mount) }
    }
}

/// A directory as a layer: a detached clone with the ids of `users`, or without any the directory
/// itself, as a jail cannot clone a mount under which others are locked.
pub(crate) fn layer_of(directory: &Path, users: Option<BorrowedFd<'_>>) -> io::Result<OwnedFd> {
    if users.is_none() {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        return Ok(open(directory, flags, Mode::empty())?);
    }
    let clone = open_tree(CWD, directory, clone_flags())?;
    mount::set_attributes(clone.as_fd(), 0, users)?;
    Ok(clone)
}

fn common_parent(one: &Path, other: &Path) -> PathBuf {
    let same = one.components().zip(other.components()).take_while(|(a, b)| a == b);
    same.map(|(part, _)| part).collect()
}

/// Calls `act` with the file system ids of a jail's root. Capabilities stay: without the securebit
/// the kernel would drop those over files as the ids leave 0.
fn as_root_of(ids: Ids, act: impl FnOnce() -> rustix::io::Result<()>) -> io::Result<()> {
    let before = capabilities_secure_bits()?;
    set_capabilities_secure_bits(before | CapabilitiesSecureBits::NO_SETUID_FIXUP)?;
    mount::set_file_system_ids(ids.first);
    let done = act();
    mount::set_file_system_ids(0);
    set_capabilities_secure_bits(before)?;
    Ok(done?)
}

/// Splits at `separator`, but not where a backslash stands before it.
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
