//! Whether the packages can be made again: two builds from two directories, byte for byte.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Epoch, SUMS, answer, read};
use crate::{Outcome, build, packages, shell};

/// Two places for a checkout and two environments, which differ in all that a build could take in:
/// the length of the path, a space in the path, the time zone, the language and the umask.
const BUILDERS: [(&str, &str, &str, &str); 2] =
    [("a", "UTC", "C.UTF-8", "022"), ("another place", "Asia/Kathmandu", "C", "077")];

/// Makes the packages of `architectures` twice, from copies of this checkout, and fails if any
/// differ. Takes minutes: nothing is taken from an earlier build.
pub(crate) fn reproducible(architectures: &[String]) -> Outcome {
    packages::ensure(packages::DIST)?;
    let scratch = build::scratch()?.join("reproduced");
    // What differs stays, to be looked at.
    twice(&scratch, architectures)?;
    fs::remove_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))
}

fn twice(scratch: &Path, architectures: &[String]) -> Outcome {
    let epoch = Epoch::of_commit()?;
    // A build in the meantime may replace the program that runs.
    let xtask = scratch.join("xtask");
    fs::create_dir_all(scratch)
        .and_then(|()| fs::copy("/proc/self/exe", &xtask))
        .map_err(|e| format!("{}: {e}", xtask.display()))?;
    // Both are copied before the first is built: somebody may work in this checkout meanwhile.
    for (name, ..) in BUILDERS {
        copy(&scratch.join(name))?;
    }
    let mut sums = Vec::new();
    for (name, zone, language, umask) in BUILDERS {
        let checkout = scratch.join(name);
        println!("in {}:", checkout.display());
        let mut make = Command::new("sh");
        make.args(["-c", "umask \"$1\"; shift; exec \"$@\"", "sh", umask]);
        make.arg(&xtask).arg("dist");
        make.args(architectures.iter().flat_map(|architecture| ["--arch", architecture]));
        make.current_dir(&checkout).env_remove("CARGO_TARGET_DIR");
        make.env("SOURCE_DATE_EPOCH", &epoch.0).env("TZ", zone).env("LC_ALL", language);
        shell::succeed(&mut make)?;
        sums.push(read(checkout.join("target/dist").join(SUMS))?);
    }
    let different: Vec<&str> =
        sums[0].lines().filter(|line| !sums[1].lines().any(|other| other == *line)).collect();
    if different.is_empty() {
        print!("the same bytes twice:\n{}", sums[0]);
        return Ok(());
    }
    Err(format!("not the same bytes twice:\n{}", different.join("\n")))
}

/// Copies what the checkout's commits have, as it is now, to `to`.
fn copy(to: &Path) -> Outcome {
    if to.exists() {
        fs::remove_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    }
    fs::create_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    let script = "git ls-files -z | xargs -0 cp --parents -t \"$1\"";
    answer(Command::new("sh").args(["-c", script, "sh"]).arg(to)).map(drop)
}
