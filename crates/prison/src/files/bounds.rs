//! How much the file systems in memory may hold that kletka makes for a jail.
//!
//! Left to the kernel, each takes up to half of the machine's memory, and has an inode for every
//! second page, which is a kilobyte of the kernel's own memory each. The sizes are those that
//! systemd-nspawn(1) gives, with fewer inodes where no program needs many.

/// What one of the file systems that every jail has may hold, as fsconfig(2) takes it.
pub(crate) struct Bounds {
    size: &'static str,
    /// In units of 1,024.
    inodes: u64,
    /// Inodes on top of these.
    beyond: u64,
}

/// /dev: device nodes and links. What takes space there is a mistake.
pub(crate) const DEV: Bounds = Bounds { size: "1m", inodes: 4, beyond: 0 };

/// /run: sockets, files with process numbers, locks.
pub(crate) const RUN: Bounds = Bounds { size: "10%", inodes: 64, beyond: 0 };

/// /dev/shm. Databases and browsers need more than the 64 MiB that is usual elsewhere.
pub(crate) const SHM: Bounds = Bounds { size: "10%", inodes: 64, beyond: 0 };

/// Pseudo-terminals of one jail: an instance without a limit may take all that the machine has.
pub(crate) const TERMINALS: (&str, &str) = ("max", "1024");

/// The size of a tmpfs of fstab(5) that gives none.
const SIZE: &str = "25%";
/// The inodes of a tmpfs that gives neither size nor inodes.
const INODES: u64 = 1 << 20;
/// The fewest inodes that a small tmpfs gets.
const LEAST_INODES: u64 = 1 << 16;
/// Bytes for which a tmpfs gets an inode, as on FreeBSD: a page.
const PAGE: u64 = 4096;

impl Bounds {
    /// These bounds, and room for so many inodes that are there from the beginning.
    pub(crate) fn beyond(self, count: usize) -> Self {
        Self { beyond: count as u64, ..self }
    }

    /// The settings of a tmpfs with these bounds and this mode of the root directory.
    pub(crate) fn settings(&self, mode: &str) -> [(&'static str, String); 3] {
        let inodes = self.inodes * 1024 + self.beyond;
        [
            ("mode", mode.to_owned()),
            ("size", self.size.to_owned()),
            ("nr_inodes", inodes.to_string()),
        ]
    }
}

/// Answers size and inodes of a tmpfs of fstab(5), which may give them. A 0 gives nothing, as in
/// tmpfs(5) of FreeBSD; for Linux it would be no limit.
pub(crate) fn of_line(size: Option<u64>, inodes: Option<u64>) -> [(&'static str, String); 2] {
    let size = size.filter(|&size| size > 0);
    let fitting = size.map_or(INODES, |size| (size / PAGE).max(LEAST_INODES));
    let inodes = inodes.filter(|&inodes| inodes > 0).unwrap_or(fitting);
    let size = size.map_or_else(|| SIZE.to_owned(), |size| size.to_string());
    [("size", size), ("nr_inodes", inodes.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_line_is_always_bounded() {
        for (size, inodes, want) in [
            (None,              None,      ("25%", "1048576")),
            (Some(0),           Some(0),   ("25%", "1048576")),
            (None,              Some(500), ("25%", "500")),
            (Some(1 << 20),     None,      ("1048576", "65536")),
            (Some(1 << 34),     None,      ("17179869184", "4194304")),
            (Some(1 << 20),     Some(500), ("1048576", "500")),
        ] {
            let [(_, got_size), (_, got_inodes)] = of_line(size, inodes);
            assert_eq!((got_size.as_str(), got_inodes.as_str()), want, "{size:?} {inodes:?}");
        }
    }
}
