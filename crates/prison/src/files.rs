//! The files of a prison: what becomes its root and is mounted over that, as detached mounts until
//! init attaches them in the prison's own mount namespace.
//!
//! [`stack`] makes what the [`crate::Spec`] asks for, each part a [`tree`], an [`overlay`] or a
//! [`union`], which are made in [`own_mounts`]; [`source`] opens what it names on the host. Inits
//! are born in a copy of the [`launcher`]. [`lines`] is what a record keeps of it. [`layer`] is the
//! order in which all are attached, and [`root`] attaches them in init, with [`dev`] and the
//! kernel's own file systems, of which [`masks`] hide parts. [`bounds`] says how much those in
//! memory may hold; [`texts`] are files with other contents; [`exports`] says what of them an NFS
//! server of the jail may serve; [`trial`] tries what all of them need.

pub(crate) mod bounds;
pub(crate) mod dev;
pub(crate) mod exports;
pub(crate) mod launcher;
pub(crate) mod layer;
pub(crate) mod lines;
pub(crate) mod masks;
pub(crate) mod mountinfo;
pub(crate) mod overlay;
pub(crate) mod own_mounts;
pub(crate) mod root;
pub(crate) mod source;
pub(crate) mod stack;
pub(crate) mod texts;
pub(crate) mod tree;
pub(crate) mod trial;
pub(crate) mod union;
