//! The Debian package: deb(5), and the Debian Policy for what lies where in it.
//!
//! dpkg-deb(1) writes the archive, with SOURCE_DATE_EPOCH as the latest time of a file. The scripts
//! of the maintainer are in packaging/debian.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Release, answer, read, stage, write};
use crate::Outcome;

/// The scripts of the maintainer.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// The files in /etc that belong to the package, and where below /usr they are installed: dpkg(1)
/// asks before it replaces what the administrator has changed. jail.conf(5), rc.conf(5) and their
/// like are the administrator's.
const CONFFILES: [(&str, &str); 2] = [
    ("/etc/logrotate.d/kletka", "share/kletka/logrotate.d/kletka"),
    // Debian 12 has systemd's own files of this kind below /lib, and dpkg(1) would take the
    // directory below /usr for this package's alone.
    ("/etc/systemd/network/00-kletka.network", "lib/systemd/network/00-kletka.network"),
];

/// Makes kletka_VERSION_ARCHITECTURE.deb.
pub(super) fn package(
    release: &Release,
    architecture: &str,
    binary: &Path,
) -> Result<PathBuf, String> {
    let root = stage(release, &format!("deb-{architecture}"))?;
    let architecture = debian(architecture);
    files(release, &root, binary)?;
    control(release, &root, architecture)?;
    // The administrator's umask is not the package's.
    answer(
        Command::new("find").arg(&root).args(["-type", "d", "-exec", "chmod", "755", "{}", "+"]),
    )?;
    let package = release.directory.join(format!("kletka_{}_{architecture}.deb", release.version));
    answer(
        Command::new("dpkg-deb")
            // By one thread: how many a machine has would show in the compressed bytes.
            .args(["--root-owner-group", "--threads-max=1"])
            .arg(if release.is_trial { "-Zgzip" } else { "-Zxz" })
            .arg("--build")
            .args([&root, &package])
            .env("SOURCE_DATE_EPOCH", &release.epoch.0),
    )?;
    Ok(package)
}

/// What Debian calls an architecture.
fn debian(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Puts the files of the package below `root`.
fn files(release: &Release, root: &Path, binary: &Path) -> Outcome {
    let mut install = Command::new(&release.here);
    answer(install.args(["install", "--prefix", "/usr", "--destdir"]).arg(root))?;
    let program = fs::read(binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    write(&root.join("usr/libexec/kletka/kletka"), program, 0o755)?;
    let usr = root.join("usr/share");
    let (doc, shown) = (usr.join("doc/kletka"), |e: std::io::Error| e.to_string());
    // Debian's zsh(1) looks for completions of packages in a directory of its own.
    fs::rename(usr.join("zsh/site-functions"), usr.join("zsh/vendor-completions"))
        .map_err(shown)?;
    for (file, installed) in CONFFILES {
        let (file, installed) = (root.join(&file[1..]), root.join("usr").join(installed));
        file.parent().map_or(Ok(()), fs::create_dir_all).map_err(shown)?;
        fs::rename(&installed, file).map_err(shown)?;
        installed.parent().map_or(Ok(()), fs::remove_dir).map_err(shown)?;
    }
    // Debian has the license in the file `copyright`.
    fs::remove_file(doc.join("LICENSE")).map_err(shown)?;
    write(&doc.join("copyright"), copyright()?, 0o644)?;
    write(&doc.join("changelog"), changelog(release)?, 0o644)?;
    let overrides = read("packaging/debian/lintian-overrides")?;
    write(&usr.join("lintian/overrides/kletka"), overrides, 0o644)?;
    let pages = answer(Command::new("find").arg(usr.join("man")).args(["-type", "f"]))?;
    let compressed = pages.lines().map(PathBuf::from).chain([doc.join("changelog")]);
    answer(Command::new("gzip").arg("-9n").args(compressed))?;
    Ok(())
}

/// Writes what dpkg(1) needs to know.
fn control(release: &Release, root: &Path, architecture: &str) -> Outcome {
    let sums = answer(
        Command::new("sh")
            .args(["-c", "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum"])
            .current_dir(root),
    )?;
    let size = kibibytes(root).map_err(|e| format!("{}: {e}", root.display()))?;
    let directory = root.join("DEBIAN");
    let text = read("packaging/debian/control")?
        .replace("@VERSION@", &release.version)
        .replace("@ARCHITECTURE@", architecture)
        .replace("@SIZE@", &size.to_string());
    write(&directory.join("control"), text, 0o644)?;
    write(&directory.join("md5sums"), sums, 0o644)?;
    let conffiles: String = CONFFILES.iter().map(|(file, _)| format!("{file}\n")).collect();
    write(&directory.join("conffiles"), conffiles, 0o644)?;
    for name in SCRIPTS {
        write(&directory.join(name), read(format!("packaging/debian/{name}"))?, 0o755)?;
    }
    Ok(())
}

/// Installed-Size: every file in whole KiB, and one for each directory and link; deb-substvars(5).
fn kibibytes(directory: &Path) -> std::io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let found = entry.path().symlink_metadata()?;
        size += if found.is_file() { found.size().div_ceil(1024) } else { 1 };
        if found.is_dir() {
            size += kibibytes(&entry.path())?;
        }
    }
    Ok(size)
}

/// The file `copyright`: ours, and the license that it refers to.
fn copyright() -> Result<String, String> {
    let license = read("LICENSE")?;
    // The first lines are the license's name and the copyright, which stand in the file already.
    let lines = license.lines().skip_while(|line| !line.starts_with("Redistribution"));
    let lines = lines.map(|line| if line.is_empty() { " .".into() } else { format!(" {line}") });
    let license = lines.collect::<Vec<_>>().join("\n");
    Ok(read("packaging/debian/copyright")?.replace("@LICENSE@", &license))
}

/// Debian's changelog of the package: deb-changelog(5).
fn changelog(release: &Release) -> Result<String, String> {
    let time = format!("--date=@{}", release.epoch.0);
    let date = answer(Command::new("date").args(["--utc", "--rfc-email", &time]))?;
    let version = &release.version;
    Ok(format!(
        "kletka ({version}) unstable; urgency=medium\n\n  * What is new stands in CHANGELOG.md, \
         in the directory of this file.\n\n -- The kletka authors \
         <kletka@users.noreply.github.com>  {date}"
    ))
}
