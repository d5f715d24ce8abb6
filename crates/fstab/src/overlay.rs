//! Directories on top of each other: Linux's overlay, and the options of mount_unionfs(8).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// The layers of an overlay.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Directories that are only read, the topmost first.
    pub lower: Vec<PathBuf>,
    /// The directory that takes what is written.
    pub upper: Option<PathBuf>,
    /// An empty directory on the same mount as `upper`, for the kernel's use.
    pub work: Option<PathBuf>,
}

impl Overlay {
    /// Takes `option`, and answers whether it names a layer.
    pub(crate) fn take(&mut self, option: &[u8]) -> bool {
        let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
        if let Some(lower) = option.strip_prefix(b"lowerdir=") {
            // The kernel's own separator, with the topmost layer first.
            self.lower = lower.split(|&byte| byte == b':').map(path).collect();
        } else if let Some(upper) = option.strip_prefix(b"upperdir=") {
            self.upper = Some(path(upper));
        } else if let Some(work) = option.strip_prefix(b"workdir=") {
            self.work = Some(path(work));
        } else {
            return false;
        }
        true
    }

    /// Whether the kernel can mount these layers: absolute paths, and both or none of `upper` and
    /// `work`.
    pub(crate) fn is_whole(&self) -> bool {
        let all = self.lower.iter().chain(&self.upper).chain(&self.work);
        !self.lower.is_empty()
            && self.upper.is_some() == self.work.is_some()
            && all.into_iter().all(|path| path.is_absolute())
    }
}

/// Takes an option of mount_unionfs(8). The kernel's overlay copies a file up with its owner and
/// mode, and makes whiteouts where they are needed: these are the only `copymode` and `whiteout`
/// that it can do.
pub(crate) fn take_of_union(below: &mut bool, option: &[u8]) -> bool {
    match option {
        b"below" => *below = true,
        b"copymode=transparent" | b"whiteout=whenneeded" => {}
        _ => return false,
    }
    true
}
