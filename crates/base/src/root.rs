//! A jail's root: a copy of a base.

use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::fit::fit_root;
use crate::made;
use crate::partial::Partial;
use crate::program::Program;
use crate::progress::Progress;
use crate::tree::{Outcome, Tree, has, is_empty};

/// Makes sure that `root` is a jail's root: makes it a copy of the tree `base`, unless it is a root
/// already. Messages call the base `name`.
///
/// # Errors
/// The place has something else, or copying fails.
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
        partial.finish()?;
        // Beside the base: who removes bases finds the roots that were made of them.
        if let Some(bases) = base.parent() {
            made::note(bases, root)?;
        }
        return Ok(Outcome::Made);
    }
    // Every root of ours has kletka's rc, and the shell that runs it.
    if has(root, "bin/sh") && has(root, "etc/rc") {
        return Ok(Outcome::Found);
    }
    Err(Error::Occupied(root.to_owned()))
}

/// Copies the base to `tree`, the temporary tree of `root`.
fn copy(
    (name, base): (&str, &Path),
    root: &Path,
    tree: &Path,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let mut command = Command::new("cp");
    // Blocks are shared where the file system can. Mounts in the base, such as a nullfs, are not
    // its own.
    command.args(["--archive", "--reflink=auto", "--one-file-system", "--"]);
    command.arg(base.join(".")).arg(tree);
    let program = Program { name: "cp", command, input: String::new() };
    program.run(&Tree::Root(root.to_owned()), &format!("copying base {name}"), progress)
}
