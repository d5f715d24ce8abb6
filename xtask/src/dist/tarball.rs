//! The tarball for any Linux: the program, which contains all that it installs, and `install.sh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Release, answer, read, stage, write};

/// What lies beside the program, to be read before anything is installed.
const READ_FIRST: [&str; 4] = ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"];

/// How tar(1) compresses: gzip(1) writes no time.
const GZIP: &str = "--use-compress-program=gzip -9n";
const GZIP_QUICKLY: &str = "--use-compress-program=gzip -1n";

/// Makes kletka-VERSION-ARCHITECTURE.tar.gz.
pub(super) fn pack(
    release: &Release,
    architecture: &str,
    binary: &Path,
) -> Result<PathBuf, String> {
    let name = format!("kletka-{}-{architecture}", release.version);
    let stage = stage(release, &format!("tar-{architecture}"))?;
    let top = stage.join(&name);
    let program = fs::read(binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    write(&top.join("kletka"), program, 0o755)?;
    write(&top.join("install.sh"), read("packaging/install.sh")?, 0o755)?;
    for file in READ_FIRST {
        write(&top.join(file), read(file)?, 0o644)?;
    }
    let archive = release.directory.join(format!("{name}.tar.gz"));
    let time = format!("--mtime=@{}", release.epoch.0);
    answer(
        Command::new("tar")
            .args(["--create", "--sort=name", "--format=gnu", "--owner=root:0", "--group=root:0"])
            .args(["--mode=u=rwX,go=rX", &time])
            .arg(if release.is_trial { GZIP_QUICKLY } else { GZIP })
            .arg("--file")
            .arg(&archive)
            .arg("--directory")
            .arg(&stage)
            .arg(&name),
    )?;
    Ok(archive)
}
