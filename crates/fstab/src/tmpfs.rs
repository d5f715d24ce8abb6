//! Options of a tmpfs: tmpfs(5).

use crate::number::{number, size};

/// The limits and the root directory of a tmpfs. What the line does not say of the root directory
/// is taken from the directory that the tmpfs covers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tmpfs {
    /// The most that the files may hold, in bytes.
    pub size: Option<u64>,
    /// The largest number of files.
    pub inodes: Option<u64>,
    /// The permission bits of the root directory.
    pub mode: Option<u32>,
    /// The owner of the root directory.
    pub uid: Option<u32>,
    /// The group of the root directory.
    pub gid: Option<u32>,
}

impl Tmpfs {
    /// Takes `option`, and answers whether it is one of these. `None` if its value is impossible.
    pub(crate) fn take(&mut self, option: &[u8]) -> Option<bool> {
        let equals = option.iter().position(|&byte| byte == b'=').unwrap_or(option.len());
        let value = option.get(equals + 1..).unwrap_or_default();
        match &option[..equals] {
            b"size" => self.size = Some(size(value)?),
            b"inodes" => self.inodes = Some(size(value)?),
            // More bits than these would be the type of a file.
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
