//! Options of a tmpfs: tmpfs(5).

use crate::number::{number, size};

/// The limits and the root directory of a tmpfs. A root directory of which the line says nothing has
/// the mode and the owner of the directory that it covers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tmpfs {
    /// The most that its files may hold, in bytes.
    pub size: Option<u64>,
    /// The most files that there may be.
    pub inodes: Option<u64>,
    /// Permission bits of its root directory.
    pub mode: Option<u32>,
    /// Owner of its root directory.
    pub uid: Option<u32>,
    /// Group of its root directory.
    pub gid: Option<u32>,
}

impl Tmpfs {
    /// Takes `option` when it is one of these. `None`: the option's value makes no sense.
    pub(crate) fn take(&mut self, option: &[u8]) -> Option<bool> {
        let equals = option.iter().position(|&byte| byte == b'=').unwrap_or(option.len());
        let value = option.get(equals + 1..).unwrap_or_default();
        match &option[..equals] {
            b"size" => self.size = Some(size(value)?),
            b"inodes" => self.inodes = Some(size(value)?),
            b"mode" => {
                self.mode = Some(number(value, 8).filter(|&mode: &u32| mode <= 0o7777)?);
            }
            b"uid" => self.uid = Some(number(value, 10)?),
            b"gid" => self.gid = Some(number(value, 10)?),
            _ => return Some(false),
        }
        Some(true)
    }
}
