//! Bases: the directory trees that jails are made from, as from FreeBSD's `base.txz`.
//!
//! [`Recipe::provide`] makes a base from Debian's packages: mmdebstrap(1) fills it from the apt
//! sources of the host, and it gets `/etc/rc` and `/etc/rc.shutdown`, so that a jail.conf written
//! for FreeBSD starts it. [`provide_root`] copies a base to a jail's root, sharing its blocks where
//! the file system can.
//!
//! A tree exists completely or not at all, and an existing tree is never changed. Nothing is
//! printed here: a [`Progress`] hears what happens meanwhile, and an [`Error`] says why there is no
//! tree.
//!
//! May use: `mountinfo`, `rustix`, `strerror`; system calls: files, and the programs that fill
//! them.

mod debian;
mod error;
mod fit;
mod host;
mod made;
mod partial;
mod program;
mod progress;
mod root;
mod services;
mod sources;
mod tree;

pub use debian::Recipe;
pub use error::{Error, valid_name};
pub use fit::{RC_FILES, ShippedFile};
pub use host::mmdebstrap;
pub use made::{bases, roots};
pub use progress::Progress;
pub use root::provide_root;
pub use services::services;
pub use tree::{Outcome, Tree};
