//! `kletka install`: puts the running binary and everything that belongs to it below a prefix.
//!
//! [`links`] and [`files`] are the layout. Three directories hold the applets' names: `bin`, in the
//! ordinary PATH; `libexec/kletka/bin`, first in PATH for host-side hooks only; and
//! `libexec/kletka/jail`, for the inside of jails, where the whole of `libexec/kletka` is mounted
//! read-only: so its links stay inside it. A file is replaced by rename, so that what runs
//! meanwhile finds the old one or the new one.

use crate::cli::answer;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base::{RC_FILES, ShippedFile};

const USAGE: &str = "usage: kletka install --prefix DIR [--destdir DIR]";

/// The binary, below the prefix.
const BINARY: &str = "libexec/kletka/kletka";

/// Names in the ordinary PATH.
const COMMANDS: [&str; 4] = ["kletka", "jail", "jls", "jexec"];

/// Names that a Linux host has for programs of its own: only hooks written for FreeBSD meet these.
const HOOK_APPLETS: [&str; 11] = [
    "ifconfig", "route", "netstat", "arp", "ndp", "service", "sysctl", "sysrc", "devfs", "mount",
    "umount",
];

/// Names that `exec.start` and `/etc/rc` need in a jail whose base lacks FreeBSD's, and those for jails inside jails.
const JAIL_APPLETS: [&str; 9] =
    ["ifconfig", "route", "netstat", "arp", "ndp", "sysrc", "jail", "jls", "jexec"];

/// Files below `share/kletka`, beside those for bases.
const FILES: [ShippedFile; 6] = [
    ("devfs.rules", 0o644, include_str!("../../../../share/devfs.rules")),
    (
        "examples/samba-vlan/README.md",
        0o644,
        include_str!("../../../../examples/samba-vlan/README.md"),
    ),
    (
        "examples/samba-vlan/fstab.samba",
        0o644,
        include_str!("../../../../examples/samba-vlan/fstab.samba"),
    ),
    (
        "examples/samba-vlan/jail.conf",
        0o644,
        include_str!("../../../../examples/samba-vlan/jail.conf"),
    ),
    ("examples/samba-vlan/rc.conf", 0o644, include_str!("../../../../examples/samba-vlan/rc.conf")),
    (
        "examples/samba-vlan/smb.conf",
        0o644,
        include_str!("../../../../examples/samba-vlan/smb.conf"),
    ),
];

/// Manual pages, below `share/man`.
const MANUALS: [ShippedFile; 12] = [
    ("man5/jail.conf.5", 0o644, include_str!("../../../../man/jail.conf.5")),
    ("man8/jail.8", 0o644, include_str!("../../../../man/jail.8")),
    ("man8/jls.8", 0o644, include_str!("../../../../man/jls.8")),
    ("man8/kletka-config.8", 0o644, include_str!("../../../../man/kletka-config.8")),
    ("man8/kletka-doctor.8", 0o644, include_str!("../../../../man/kletka-doctor.8")),
    ("man8/kletka-ifconfig.8", 0o644, include_str!("../../../../man/kletka-ifconfig.8")),
    ("man8/kletka-net.8", 0o644, include_str!("../../../../man/kletka-net.8")),
    ("man8/kletka-netif.8", 0o644, include_str!("../../../../man/kletka-netif.8")),
    ("man8/kletka-netstat.8", 0o644, include_str!("../../../../man/kletka-netstat.8")),
    ("man8/kletka-route.8", 0o644, include_str!("../../../../man/kletka-route.8")),
    ("man8/kletka-sysctl.8", 0o644, include_str!("../../../../man/kletka-sysctl.8")),
    ("man8/sysrc.8", 0o644, include_str!("../../../../man/sysrc.8")),
];

/// What an init starts at boot, below the prefix: systemd finds its file there, the others' are for copying. Each names
/// programs as [`PROGRAMS`], and in its own way of quoting.
const BOOT: [(ShippedFile, Quoting); 6] = [
    (
        (
            "lib/systemd/system/kletka-netif.service",
            0o644,
            include_str!("../../../../share/systemd/kletka-netif.service"),
        ),
        systemd_word,
    ),
    (
        (
            "share/kletka/init.d/kletka-netif",
            0o755,
            include_str!("../../../../share/init.d/kletka-netif"),
        ),
        shell_word,
    ),
    (
        (
            "share/kletka/openrc/kletka-netif",
            0o755,
            include_str!("../../../../share/openrc/kletka-netif"),
        ),
        shell_word,
    ),
    (
        (
            "lib/systemd/system/jail.service",
            0o644,
            include_str!("../../../../share/systemd/jail.service"),
        ),
        systemd_word,
    ),
    (
        ("share/kletka/init.d/jail", 0o755, include_str!("../../../../share/init.d/jail")),
        shell_word,
    ),
    (
        ("share/kletka/openrc/jail", 0o755, include_str!("../../../../share/openrc/jail")),
        shell_word,
    ),
];

/// Stands for `PREFIX/libexec/kletka` in the files of [`BOOT`].
const PROGRAMS: &str = "@PROGRAMS@";

/// The service(8) of a jail's inside, where a Linux base has none that knows rc.conf(5).
const JAIL_SERVICE: ShippedFile =
    ("libexec/kletka/jail/service", 0o755, include_str!("../../../../share/jail/service"));

type Quoting = fn(&str) -> String;

/// A path as a word of a command line in a systemd.service(5).
fn systemd_word(path: &str) -> String {
    let special = [("\\", "\\\\"), ("\"", "\\\""), ("%", "%%"), ("$", "$$"), (" ", "\\x20")];
    special.iter().fold(path.to_owned(), |path, (plain, quoted)| path.replace(plain, quoted))
}

/// A path as a word of sh(1); plain where it may be.
fn shell_word(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let installed = Options::parse(arguments).and_then(|options| {
        let mut done = Vec::new();
        let result = install(&options, &mut done);
        report(&options, &done, result.is_ok());
        result
    });
    match installed {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Usage(problem)) => {
            answer::fail("kletka: install", format_args!("{problem}\n{USAGE}"))
        }
        Err(error) => answer::fail("kletka: install", error),
    }
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// Where the files will be found: absolute.
    prefix: PathBuf,
    /// Where they are put for now: a package is built so. The prefix goes below it.
    destdir: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Error> {
        use lexopt::prelude::*;
        let (mut prefix, mut destdir) = (None, None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("prefix") => prefix = Some(PathBuf::from(parser.value()?)),
                Long("destdir") => destdir = Some(PathBuf::from(parser.value()?)),
                other => return Err(other.unexpected().into()),
            }
        }
        match prefix {
            Some(prefix) if prefix.is_absolute() => Ok(Self { prefix, destdir }),
            Some(_) => Err(Error::Usage("the prefix must be an absolute path".to_owned())),
            None => Err(Error::Usage("no prefix given".to_owned())),
        }
    }

    /// The directory that everything is put below.
    fn top(&self) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(self.prefix.strip_prefix("/").unwrap_or(&self.prefix)),
            None => self.prefix.clone(),
        }
    }
}

/// Every link of the layout: its path below the prefix, and where it leads.
fn links() -> impl Iterator<Item = (String, &'static str)> {
    let commands = COMMANDS.iter().map(|name| (format!("bin/{name}"), "../libexec/kletka/kletka"));
    let hooks = HOOK_APPLETS.iter().map(|name| (format!("libexec/kletka/bin/{name}"), "../kletka"));
    let jail = JAIL_APPLETS.iter().map(|name| (format!("libexec/kletka/jail/{name}"), "../kletka"));
    commands.chain(hooks).chain(jail)
}

/// Every file of the layout but the binary: its path below the prefix, its mode and its text.
fn files(prefix: &Path) -> impl Iterator<Item = (String, u32, String)> {
    let below = |directory: &'static str| {
        move |&(path, mode, text): &ShippedFile| {
            (format!("{directory}{path}"), mode, text.to_owned())
        }
    };
    let rc = RC_FILES.iter().map(|&(path, mode, text)| {
        (format!("share/kletka/jail/{}", path.trim_start_matches("etc/")), mode, text.to_owned())
    });
    let programs = prefix.join("libexec/kletka").to_string_lossy().into_owned();
    let boot = BOOT.iter().map(move |&((path, mode, text), quote)| {
        (path.to_owned(), mode, text.replace(PROGRAMS, &quote(&programs)))
    });
    let rest = FILES.iter().map(below("share/kletka/"));
    let manuals = MANUALS.iter().map(below("share/man/"));
    rc.chain(rest).chain(manuals).chain([below("")(&JAIL_SERVICE)]).chain(boot)
}

/// Makes the layout, and notes in `done` what had to be changed.
fn install(options: &Options, done: &mut Vec<String>) -> Result<(), Error> {
    let top = options.top();
    for (path, _) in links() {
        refuse_strangers(&top.join(path))?;
    }
    // The name that the kernel opens for us, even when the file has been replaced since we started.
    let running = Path::new("/proc/self/exe");
    let mut binary = Vec::new();
    File::open(running)
        .and_then(|mut file| file.read_to_end(&mut binary))
        .map_err(Error::io("cannot read", running))?;
    if put(&top.join(BINARY), 0o755, &binary)? {
        done.push(BINARY.to_owned());
    }
    for (path, mode, text) in files(&options.prefix) {
        if put(&top.join(&path), mode, text.as_bytes())? {
            done.push(path);
        }
    }
    for (path, to) in links() {
        if link(&top.join(&path), Path::new(to))? {
            done.push(format!("{path} -> {to}"));
        }
    }
    Ok(())
}

/// Says what was done; with nothing to do, that.
fn report(options: &Options, done: &[String], complete: bool) {
    let mut out = io::stdout().lock();
    let top = options.top();
    for line in done {
        // The work is done, whether or not somebody reads about it.
        let _ = writeln!(out, "{}", top.join(line).display());
    }
    if complete && done.is_empty() {
        let _ = writeln!(out, "{}: up to date", top.display());
    }
}

/// A program of another origin under one of our names is not ours to replace.
fn refuse_strangers(path: &Path) -> Result<(), Error> {
    let is_ours = match fs::read_link(path) {
        Ok(to) => to.file_name().is_some_and(|name| name == "kletka"),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_ours { Ok(()) } else { Err(Error::Stranger(path.to_owned())) }
}

/// Makes the file `path`, unless it is there just so. Answers whether it had to.
fn put(path: &Path, mode: u32, content: &[u8]) -> Result<bool, Error> {
    use std::os::unix::fs::PermissionsExt;
    let is_right = |file: &mut File| {
        let mut found = Vec::new();
        let right = file.metadata()?.permissions().mode() & 0o7777 == mode;
        file.read_to_end(&mut found).map(|_| right && found == content)
    };
    if File::open(path).and_then(|mut file| is_right(&mut file)).unwrap_or(false) {
        return Ok(false);
    }
    let new = beside(path)?;
    let open = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new);
    let mut file = open.map_err(Error::io("cannot make", &new))?;
    file.write_all(content).map_err(Error::io("cannot write", &new))?;
    file.set_permissions(fs::Permissions::from_mode(mode))
        .and_then(|()| file.sync_all())
        .map_err(Error::io("cannot write", &new))?;
    fs::rename(&new, path).map_err(Error::io("cannot make", path))?;
    Ok(true)
}

/// Makes the symbolic link `path`, unless it is there. Answers whether it had to.
fn link(path: &Path, to: &Path) -> Result<bool, Error> {
    if fs::read_link(path).is_ok_and(|found| found == to) {
        return Ok(false);
    }
    let new = beside(path)?;
    symlink(to, &new).map_err(Error::io("cannot make", &new))?;
    fs::rename(&new, path).map_err(Error::io("cannot make", path))?;
    Ok(true)
}

/// The temporary name beside `path`, free for use; makes the directory for both.
fn beside(path: &Path) -> Result<PathBuf, Error> {
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(Error::io("cannot make", directory))?;
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let new = directory.join(name);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("cannot remove", &new)(error))
        }
        _ => Ok(new),
    }
}

/// Why something is not installed.
#[derive(Debug)]
enum Error {
    /// The command line makes no sense.
    Usage(String),
    /// Another program stands where a link of ours should be.
    Stranger(PathBuf),
    /// A file or directory, what was to be done with it, and the kernel's answer.
    Io(&'static str, PathBuf, io::Error),
}

impl Error {
    /// For `map_err`: `what` could not be done with `path`.
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io(what, path.to_owned(), error)
    }
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(problem) => f.write_str(problem),
            Self::Stranger(path) => write!(
                f,
                "{}: is not kletka's: remove it, or choose another prefix",
                path.display()
            ),
            Self::Io(what, path, error) => write!(f, "{what} {}: {error}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    /// A prefix of the test's own, removed when it ends.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("kletka-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn options(&self) -> Options {
            Options { prefix: "/usr/local".into(), destdir: Some(self.0.clone()) }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn parse(line: &str) -> Result<Options, String> {
        let words = line.split_whitespace().map(OsString::from).collect();
        Options::parse(words).map_err(|error| error.to_string())
    }

    #[test]
    #[rustfmt::skip]
    fn command_line() {
        for (line, want) in [
            ("--prefix /usr/local",        Ok("/usr/local")),
            ("--prefix /usr --destdir /d", Ok("/d/usr")),
            ("--prefix here",              Err("the prefix must be an absolute path")),
            ("",                           Err("no prefix given")),
            ("--prefix /usr more",         Err("unexpected argument \"more\"")),
        ] {
            let got = parse(line).map(|options| options.top());
            assert_eq!(got.as_deref().map_err(String::as_str), want.map(Path::new), "{line:?}");
        }
    }

    #[test]
    fn every_link_leads_to_the_binary() {
        let scratch = Scratch::new("install");
        let (options, mut done) = (scratch.options(), Vec::new());
        install(&options, &mut done).unwrap();
        let top = options.top();
        let binary = fs::metadata(top.join(BINARY)).unwrap();
        assert_eq!(binary.mode() & 0o7777, 0o755);
        for (path, _) in links() {
            assert_eq!(fs::metadata(top.join(&path)).unwrap().ino(), binary.ino(), "{path}");
        }
        assert_eq!(done.len(), 1 + files(&options.prefix).count() + links().count());
        assert!(top.join("share/kletka/jail/rc.shutdown").exists());
    }

    #[test]
    #[rustfmt::skip]
    fn the_paths_of_boot_files_follow_the_prefix() {
        for (prefix, unit, script) in [
            ("/usr/local",   "ExecStart=-/usr/local/libexec/kletka/bin/service jail start", "service=/usr/local/libexec/kletka/bin/service"),
            ("/opt/a b",     "ExecStart=-/opt/a\\x20b/libexec/kletka/bin/service jail start", "service='/opt/a b/libexec/kletka'/bin/service"),
            ("/opt/5%'$\"", "ExecStart=-/opt/5%%'$$\\\"/libexec/kletka/bin/service jail start", "service='/opt/5%'\\''$\"/libexec/kletka'/bin/service"),
        ] {
            let files: Vec<_> = files(Path::new(prefix)).collect();
            let has = |path: &str, line: &str| {
                let (_, _, text) = files.iter().find(|(own, ..)| own == path).unwrap();
                assert!(text.lines().any(|own| own == line), "{line}\n{text}");
                assert!(!text.contains(PROGRAMS), "{text}");
            };
            has("lib/systemd/system/jail.service", unit);
            has("share/kletka/init.d/jail", script);
            has("share/kletka/openrc/jail", script);
            has("lib/systemd/system/kletka-netif.service", &unit.replace("jail start", "netif quietstart"));
            has("share/kletka/init.d/kletka-netif", script);
            has("share/kletka/openrc/kletka-netif", script);
        }
    }

    #[test]
    fn every_manual_page_is_installed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man");
        let mut written: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|page| page.unwrap().file_name().into_string().unwrap())
            .map(|page| format!("share/man/man{}/{page}", &page[page.len() - 1..]))
            .collect();
        written.sort();
        let files = files(Path::new("/usr")).map(|(path, ..)| path);
        let installed: Vec<String> = files.filter(|path| path.starts_with("share/man/")).collect();
        assert_eq!(installed, written);
    }

    #[test]
    fn links_for_jails_stay_in_the_mounted_directory() {
        for (path, to) in links().filter(|(path, _)| path.starts_with("libexec/kletka/")) {
            assert_eq!((path.split('/').count(), to), (4, "../kletka"), "{path}");
        }
    }

    #[test]
    fn a_second_run_repairs_only_what_differs() {
        let scratch = Scratch::new("again");
        let options = scratch.options();
        install(&options, &mut Vec::new()).unwrap();
        let mut done = Vec::new();
        install(&options, &mut done).unwrap();
        assert_eq!(done, [""; 0]);

        fs::write(options.top().join("share/kletka/devfs.rules"), "changed").unwrap();
        fs::remove_file(options.top().join("bin/jls")).unwrap();
        install(&options, &mut done).unwrap();
        assert_eq!(done, ["share/kletka/devfs.rules", "bin/jls -> ../libexec/kletka/kletka"]);
    }

    #[test]
    fn another_program_of_that_name_stays() {
        let scratch = Scratch::new("stranger");
        let options = scratch.options();
        let bin = options.top().join("bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("jail"), "other").unwrap();
        let error = install(&options, &mut Vec::new()).unwrap_err().to_string();
        let path = bin.join("jail");
        let want =
            format!("{}: is not kletka's: remove it, or choose another prefix", path.display());
        assert_eq!(error, want);
        assert!(!options.top().join(BINARY).exists());
    }
}
