//! This machine, as far as the check of a configuration asks about it: its files, its interfaces,
//! its rulesets.

use crate::absolute::{self, Where};
use crate::surroundings::Surroundings;
use configuration::Host;
use devfs::{Accounts, LoadError, Rulesets};
use netif::{InterfaceName, Netlink};
use prison::LOGIN_PATH;
use rustix::fs::{Access, FileType, Mode, OFlags, ResolveFlags, access, fstat, open, openat2};
use rustix::io::Errno;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// This machine. Facts that cost time are found out once, when they are first asked for.
#[derive(Debug)]
pub struct Machine<'s> {
    surroundings: &'s Surroundings,
    rulesets: OnceCell<Option<Rulesets>>,
    /// Where hooks look for programs.
    path: OnceCell<Vec<PathBuf>>,
    /// Whether hooks find a program of this name: most jails of a machine run the same few.
    found: RefCell<HashMap<PathBuf, bool>>,
}

impl<'s> Machine<'s> {
    /// This machine, for hooks that find `surroundings` around them.
    pub fn new(surroundings: &'s Surroundings) -> Self {
        let (rulesets, path, found) = (OnceCell::new(), OnceCell::new(), RefCell::default());
        Self { surroundings, rulesets, path, found }
    }
}

impl Host for Machine<'_> {
    fn directory(&self, path: &Path) -> io::Result<()> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(Errno::NOTDIR.into()),
            // Root alone is to pass the directory above a root. Others can only plan, and the start
            // finds out.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn file(&self, path: &Path) -> io::Result<()> {
        Ok(access(path, Access::READ_OK)?)
    }

    fn program(&self, program: &Path) -> io::Result<()> {
        if program.is_absolute() {
            let is_ours =
                absolute::is_ours(program, self.surroundings.programs.as_ref(), Where::Host);
            return if is_ours { Ok(()) } else { executable(program) };
        }
        // A relative path begins at the hook's directory, which depends on the hook's user.
        if program.components().count() > 1 {
            return Ok(());
        }
        let known = self.found.borrow().get(program).copied();
        let found = known.unwrap_or_else(|| {
            let mut folders = self.path.get_or_init(|| path_of_hooks(self.surroundings)).iter();
            let found = folders.any(|folder| executable(&folder.join(program)).is_ok());
            self.found.borrow_mut().insert(program.to_owned(), found);
            found
        });
        if found { Ok(()) } else { Err(Errno::NOENT.into()) }
    }

    fn program_in(&self, root: &Path, program: &Path) -> io::Result<()> {
        if absolute::is_ours(program, self.surroundings.programs.as_ref(), Where::Jail) {
            return Ok(());
        }
        let inside = program.strip_prefix("/").unwrap_or(program);
        let root = match open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
            // As for `directory`.
            Err(Errno::ACCESS) => return Ok(()),
            opened => opened?,
        };
        // IN_ROOT: links lead where the jail's own processes would follow them.
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        match openat2(root, inside, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
            Ok(file) => {
                let mode = fstat(file)?.st_mode;
                let may = FileType::from_raw_mode(mode).is_file() && mode & 0o111 != 0;
                if may { Ok(()) } else { Err(Errno::ACCESS.into()) }
            }
            Err(error @ (Errno::NOENT | Errno::NOTDIR)) => Err(error.into()),
            // What cannot be found out here, the start finds out.
            Err(_) => Ok(()),
        }
    }

    fn has_ruleset(&self, number: u16) -> bool {
        // FreeBSD's own rulesets hold without a file, unless there is one.
        let is_built_in = (1..=devfs::JAIL_VNET).contains(&number);
        let exists = |path: &str| Path::new(path).exists();
        if is_built_in && !exists(devfs::DEFAULTS_FILE) && !exists(devfs::KEPT_FILE) {
            return true;
        }
        // The start reports a file that cannot be read or understood.
        let rulesets = self.rulesets.get_or_init(|| rulesets().ok());
        rulesets.as_ref().is_none_or(|rulesets| rulesets.exists(number))
    }

    fn has_interface(&self, name: &str) -> bool {
        let Ok(name) = InterfaceName::parse(name) else { return false };
        Netlink::open().is_ok_and(|mut netlink| netlink.index(&name).is_ok())
    }

    fn tells_messages(&self) -> bool {
        // A kernel without messages has no such file.
        fs::read("/proc/sys/kernel/dmesg_restrict").map_or(true, |text| text.starts_with(b"0"))
    }
}

/// Reads the rulesets of this host, as devfs(8) has left them.
///
/// # Errors
/// A file of them cannot be read or understood.
pub fn rulesets() -> Result<Rulesets, LoadError> {
    // What devfs(8) has changed is for root to read: another user plans with the files.
    let hidden = |path: &Path, error: &io::Error| {
        path == Path::new(devfs::KEPT_FILE) && error.kind() == io::ErrorKind::PermissionDenied
    };
    let read = |path: &Path| match fs::read(path) {
        Err(error) if hidden(path, &error) => Err(io::ErrorKind::NotFound.into()),
        read => read,
    };
    Rulesets::load(read, &accounts())
}

/// Reads these files of rulesets, whatever devfs(8) has done since.
///
/// # Errors
/// A file of them cannot be read or understood.
pub fn rulesets_of<'f>(files: impl IntoIterator<Item = &'f str>) -> Result<Rulesets, LoadError> {
    Rulesets::load_files(|path| fs::read(path), files, &accounts())
}

/// Reads the users and groups that rules of this host can name. Without a readable passwd(5), rules
/// can name users by number only, and a rule that does not is an error.
pub fn accounts() -> Accounts {
    Accounts::of_files(|path| fs::read(path).unwrap_or_default())
}

/// All folders in which a hook finds programs, with and without `exec.clean`: the check is not to
/// miss what either finds.
fn path_of_hooks(surroundings: &Surroundings) -> Vec<PathBuf> {
    let programs = surroundings.programs.as_ref();
    let mut path = programs.map_or_else(OsString::new, |it| it.for_hooks.clone().into());
    path.push(":");
    path.push(surroundings.variable("PATH").unwrap_or_default());
    path.push(":");
    path.push(LOGIN_PATH);
    env::split_paths(&path).collect()
}

/// Whether `path` can be executed: what execve(2) would say.
fn executable(path: &Path) -> io::Result<()> {
    access(path, Access::EXEC_OK)?;
    // access(2) takes a directory that can be entered, and execve(2) does not.
    if fs::metadata(path)?.is_file() { Ok(()) } else { Err(Errno::ACCESS.into()) }
}
