//! Other commands of FreeBSD that hooks run on the host: mount(8), umount(8), devfs(8), sysctl(8),
//! ps(1).

pub(super) mod devfs;
pub(super) mod mount;
pub(super) mod processes;
pub(super) mod sysctl;
pub(super) mod umount;
