//! Options that every file system has: mount(8), `-o`.

/// Options that every file system has: mount(8), `-o`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// `ro`.
    pub read_only: bool,
    /// `nosuid`.
    pub no_suid: bool,
    /// `noexec`.
    pub no_exec: bool,
    /// `noatime`.
    pub no_atime: bool,
    /// `late`: mount(8) leaves the line to a later `mount -al`, but jail(8) mounts it.
    pub late: bool,
    /// `noauto`: `mount -a` skips the line, but jail(8) mounts it.
    pub no_auto: bool,
}

impl Flags {
    /// Takes `option`, and answers whether it is one of these. The later of two counts.
    pub(crate) fn take(&mut self, option: &[u8]) -> bool {
        let (flag, value) = match option {
            b"ro" | b"rdonly" | b"norw" => (&mut self.read_only, true),
            b"rw" | b"noro" => (&mut self.read_only, false),
            b"nosuid" => (&mut self.no_suid, true),
            b"suid" => (&mut self.no_suid, false),
            b"noexec" => (&mut self.no_exec, true),
            b"exec" => (&mut self.no_exec, false),
            b"noatime" => (&mut self.no_atime, true),
            b"atime" => (&mut self.no_atime, false),
            b"late" => (&mut self.late, true),
            b"noauto" => (&mut self.no_auto, true),
            b"auto" => (&mut self.no_auto, false),
            _ => return false,
        };
        *flag = value;
        true
    }
}
