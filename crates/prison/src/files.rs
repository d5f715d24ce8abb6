//! The files of a prison: what becomes its root and is mounted over it, as detached mounts until
//! init attaches them in the prison's own mount namespace.
//!
//! [`stack`] makes what the [`crate::Spec`] asks for, each a [`tree`], an [`overlay`] or a
//! [`union`]; [`layer`] is the order in which they are attached, and [`root`] what init does with
//! them, with [`dev`] and the kernel's own file systems.

pub(crate) mod dev;
pub(crate) mod layer;
pub(crate) mod mountinfo;
pub(crate) mod overlay;
pub(crate) mod root;
pub(crate) mod stack;
pub(crate) mod tree;
pub(crate) mod union;
