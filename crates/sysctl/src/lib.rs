//! sysctl(3): the names that FreeBSD's network and jail scripts ask for, read from and written to
//! /proc.
//!
//! [`TABLE`] has all names, and where Linux keeps their values. Any other name is unknown, as on a
//! FreeBSD without that module. The values are those of the caller's network. Command lines and
//! output belong to sysctl(8).
//!
//! May use: `mdoc`, `netif`, `prison`, `rustix`, `strerror`; system calls: /proc.

mod computed;
mod error;
mod manual;
mod table;
mod value;

pub use error::{Error, reason};
pub use manual::manual;
pub use table::{Oid, TABLE};

/// The row of a name in the table.
#[must_use]
pub fn find(name: &str) -> Option<&'static Oid> {
    TABLE.iter().find(|oid| oid.name == name)
}

/// The rows below the node `node`, which may end in a dot.
pub fn below(node: &str) -> impl Iterator<Item = &'static Oid> {
    let node = node.trim_end_matches('.');
    TABLE
        .iter()
        .filter(move |oid| oid.name.strip_prefix(node).is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes() {
        for (node, want) in [
            ("net.inet.tcp", "net.inet.tcp.syncookies"),
            ("kern.ipc.", "kern.ipc.somaxconn"),
            ("net.link.bridge.pfil", ""), // the beginning of a name alone is none
            ("kern.ostype", ""),
        ] {
            let names: Vec<&str> = below(node).map(|oid| oid.name).collect();
            assert_eq!(names.join(" "), want, "{node}");
        }
        assert!(find("kern.ostype").is_some_and(|oid| oid.name == "kern.ostype"));
        assert!(find("kern").is_none());
    }
}
