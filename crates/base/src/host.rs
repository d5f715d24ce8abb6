//! What the host knows: its suite, the proxies of its apt, and the place of mmdebstrap(1).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, valid_name};

/// The host's settings of apt for a proxy: a base reaches its mirrors through the same one.
pub(crate) fn proxies() -> Vec<String> {
    let dump = Command::new("apt-config").args(["dump", "Acquire"]).output();
    // Without apt-config(8) there is no apt whose settings could matter.
    dump.map(|output| proxies_of(&String::from_utf8_lossy(&output.stdout))).unwrap_or_default()
}

/// The proxies in a configuration that apt-config(8) has dumped, one line each.
fn proxies_of(dump: &str) -> Vec<String> {
    let is_proxy = |line: &&str| {
        ["Acquire::http::Proxy", "Acquire::https::Proxy"].iter().any(|key| line.starts_with(key))
            // An empty setting turns a proxy off, which is what a base has anyway.
            && !line.ends_with(" \"\";")
    };
    dump.lines().filter(is_proxy).map(str::to_owned).collect()
}

/// The place of mmdebstrap(1): in `PATH`, or where Debian puts it.
pub fn mmdebstrap() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories = std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]);
    directories.find_map(|d| Some(d.join("mmdebstrap")).filter(|file| file.is_file()))
}

/// The directories in which mmdebstrap(1) and the programs that it calls are looked for: those of
/// `PATH`, without the one of kletka's whose mount(8) speaks FreeBSD's dialect.
pub(crate) fn program_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match fs::read_link("/proc/self/exe") {
        Ok(program) => without(&path, &program.with_file_name("bin")),
        Err(_) => path,
    }
}

fn without(path: &OsStr, own: &Path) -> OsString {
    let is_own = |directory: &PathBuf| fs::canonicalize(directory).is_ok_and(|it| it == own);
    let others = std::env::split_paths(path).filter(|directory| !is_own(directory));
    // What was taken apart at colons has none in its parts.
    std::env::join_paths(others).unwrap_or_else(|_| path.to_owned())
}

/// The suite of a Debian host, from the text of its os-release(5).
pub(crate) fn suite(os_release: &str) -> Result<String, Error> {
    let value = |key: &str| {
        let line = os_release.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches(['"', '\'']))
    };
    match (value("ID"), value("VERSION_CODENAME")) {
        // It becomes an argument and a part of a path, so a strange text is refused.
        (Some("debian"), Some(codename)) => valid_name("suite", codename.to_owned()),
        (id, _) => Err(Error::NoSuite(id.unwrap_or("an unknown system").to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn suite_of_the_host() {
        for (os_release, want) in [
            ("ID=debian\nVERSION_CODENAME=bookworm\n", Ok("bookworm")),
            ("ID=\"debian\"\nVERSION_CODENAME=\"sid\"", Ok("sid")),
            ("ID=ubuntu\nVERSION_CODENAME=noble\n", Err("this host is ubuntu, not Debian: name a suite with --suite")),
            ("", Err("this host is an unknown system, not Debian: name a suite with --suite")),
        ] {
            let got = suite(os_release).map_err(|e| e.to_string());
            assert_eq!(got.as_deref().map_err(String::as_str), want, "{os_release:?}");
        }
    }

    #[test]
    fn programs_of_the_host() {
        for (path, want) in
            [("/usr/../etc:/nowhere:/usr/bin", "/nowhere:/usr/bin"), ("/etc", ""), ("", "")]
        {
            assert_eq!(without(path.as_ref(), Path::new("/etc")), want, "{path:?}");
        }
    }

    #[test]
    fn proxies_of_the_host() {
        let dump = "\
Acquire \"\";
Acquire::cdrom::mount \"/media/cdrom\";
Acquire::http::Proxy \"http://proxy:3128\";
Acquire::http::Proxy::internal.example.org \"DIRECT\";
Acquire::https::Proxy \"\";
";
        assert_eq!(
            proxies_of(dump),
            [
                "Acquire::http::Proxy \"http://proxy:3128\";",
                "Acquire::http::Proxy::internal.example.org \"DIRECT\";",
            ]
        );
    }
}
