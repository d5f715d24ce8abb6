//! The prison: a jail as the Linux kernel sees it; FreeBSD's `struct prison`, jail_set(2),
//! jail_attach(2), jail_remove(2).
//!
//! A prison exists exactly while its init, process 1, lives. [`Prison::create`] makes one from a
//! complete [`Spec`], a plain value that knows nothing of jail.conf: namespaces, a cgroup, detached
//! mounts and ids come first, and the mounts are attached at the end, so that a crash at any point
//! leaves no mount behind. [`Prison::spawn`] and [`Prison::run`] run a command inside,
//! [`Prison::remove`] ends the prison, and the [`Registry`] finds it by jid or name.
//!
//! May use: `addresses`, `kernel`, `libc`, `mountinfo`, `rustix`, `strerror`, `vis`; system calls.

mod appear;
mod cgroup;
mod confine;
mod control;
mod create;
mod enter;
mod error;
mod files;
mod first;
mod init;
mod mark;
mod mediate;
mod pending;
mod permission;
mod prison;
mod registry;
mod remount;
mod removal;
mod shared;
mod spec;
pub mod surface;
mod tie;
mod title;
mod told;
mod vnet;
mod within;
mod work;

pub use ::addresses::{Share, Source, both};
pub use appear::{Apart, MountPoint, open_on_host, unmount_on_host};
pub use confine::ids::Ids;
pub use confine::user::User;
pub use enter::copy::{EXECUTE, execute};
pub use enter::hook::prepare_hook;
pub use enter::process::{Command, Identity, LOGIN_PATH, StdStream};
pub use enter::terminal::Foreground;
pub use error::{Error, UnionFault};
pub use files::dev::own_nodes;
pub use files::layer::{Attached, Made};
pub use files::lines::{Mounted, Moves};
pub use files::mountinfo::has_mounts_below;
pub use files::trial::{try_idmap, try_overlay};
pub use first::Waiting;
pub use kernel::child::{Child, Ended, readable};
pub use kernel::landlock::can_keep_abstract_sockets;
pub use mark::{Mark, groups_with_marks, join_group_with};
pub use permission::{Allow, Permission};
pub use prison::Prison;
pub use registry::limits::Limits;
pub use registry::lost::{Lost, Mended, is_jails_id, ranges_of_ids};
pub use registry::nested::view_on_paper;
pub use registry::record::{Record, RecordedDev};
pub use registry::unseen::Unseen;
pub use registry::{Changing, Registry, is_jailed};
pub use remount::Remounted;
pub use spec::{
    Addresses, Change, Dev, Device, Families, Ipc, IpcKinds, Mount, MountOptions, MountSource,
    Network, Node, NodeKind, Processes, Spec, Text, Users,
};
pub use told::Told;
pub use vnet::own_network;
