//! A jail's root: a copy of a base.

use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::fit::fit_root;
use crate::partial::Partial;
use crate::program::Program;
use crate::progress::Progress;
use crate::tree::{Outcome, Tree, has, is_empty};

/// Sees to it that `root` is a jail's root: a copy of the tree `base`, which messages call `name`, unless it
/// is one already.
///
/// # Errors
/// Something else is in its place, or copying fails.
pub fn provide_root(
    (name, base): (&str, &Path),
    root: &Path,
    progress: &mut dyn Progress,
) -> Result<Outcome, Error> {
    if is_empty(root).map_err(Error::io("cannot read", root))? {
        let mut partial = Partial::begin(root, progress)?;
        partial.fill(|tree, progress| {
            copy((name, base), root, tree, progress)?;
            fit_root(tree)
        })?;
        return partial.finish().map(|()| Outcome::Made);
    }
    if has(root, "bin/sh") && has(root, "etc/rc") {
        return Ok(Outcome::Found);
    }
    Err(Error::Occupied(root.to_owned()))
}

/// Copies the base to `tree`, which is to become `root`.
fn copy(
    (name, base): (&str, &Path),
    root: &Path,
    tree: &Path,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let mut command = Command::new("cp");
    command.args(["--archive", "--reflink=auto", "--one-file-system", "--"]);
    command.arg(base.join(".")).arg(tree);
    let program = Program { name: "cp", command, input: String::new() };
    program.run(&Tree::Root(root.to_owned()), &format!("copying base {name}"), progress)
}
