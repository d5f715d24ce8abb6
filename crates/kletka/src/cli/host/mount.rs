//! mount(8) for hooks: mounts nullfs and tmpfs and the lines of an fstab, and lists what is
//! mounted.
//!
//! A `nullfs` is a bind mount. As on FreeBSD, it does not show the mounts below its source, and
//! what is mounted later on one side does not appear on the other. All lines are checked before the
//! first mount. [`detached`] mounts on the host, [`by_path`] in a jail.

mod by_path;
pub(crate) mod detached;

use crate::cli::answer::{self, reason};
use crate::cli::grammar::host::{MOUNT, MOUNT_NULLFS};
use crate::cli::help::usage;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fstab::{Entry, FileSystem, Kernel, Mount};
use lexopt::{Arg, Parser};
use mountinfo::Mounted;

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let done = Request::parse(arguments).and_then(|request| match request.operands.as_slice() {
        [] if request.all => request.mount_all(),
        [] => request.list(),
        [special, node] if !request.all => request.mount_one(special, node),
        _ => Err(Failure::Usage),
    });
    match done {
        Ok(code) => code,
        Err(Failure::Usage) => usage(&MOUNT),
        Err(Failure::Because(error)) => answer::fail("mount", error),
    }
}

/// Runs mount_nullfs(8), by which FreeBSD's mount(8) mounts a nullfs.
pub(crate) fn run_nullfs(arguments: Vec<OsString>) -> ExitCode {
    let parsed = Request::parse(arguments);
    let done = parsed.and_then(|request| match request.operands.as_slice() {
        [target, point] if request.takes_options_alone() => {
            let (fstype, options) = (Some("nullfs".into()), request.options.clone());
            Request { fstype, options, ..Request::default() }.mount_one(target, point)
        }
        _ => Err(Failure::Usage),
    });
    match done {
        Ok(code) => code,
        Err(Failure::Usage) => usage(&MOUNT_NULLFS),
        Err(Failure::Because(error)) => answer::fail("mount_nullfs", error),
    }
}

/// Why nothing was done.
enum Failure {
    /// The command line has no such form.
    Usage,
    /// The text that follows `mount: `.
    Because(String),
}

impl Failure {
    fn because(error: impl fmt::Display) -> Self {
        Self::Because(error.to_string())
    }
}

/// The command line.
#[derive(Default)]
struct Request {
    all: bool,
    late: bool,
    /// Lines of fstab(5): `-p`.
    as_fstab: bool,
    verbose: bool,
    fstab: Option<PathBuf>,
    fstype: Option<OsString>,
    options: Vec<Vec<u8>>,
    operands: Vec<OsString>,
}

impl Request {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut request = Self::default();
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(Failure::because)? {
            let value = |parser: &mut Parser| parser.value().map_err(Failure::because);
            match argument {
                Arg::Short('a') => request.all = true,
                Arg::Short('l') => request.late = true,
                Arg::Short('p') => request.as_fstab = true,
                Arg::Short('v') => request.verbose = true,
                Arg::Short('r') => request.options.push(b"ro".to_vec()),
                Arg::Short('w') => request.options.push(b"rw".to_vec()),
                Arg::Short('F') => request.fstab = Some(value(&mut parser)?.into()),
                Arg::Short('o') => {
                    let options = value(&mut parser)?.into_vec();
                    request.options.extend(options.split(|&byte| byte == b',').map(<[u8]>::to_vec));
                }
                Arg::Short('t') if request.fstype.is_some() => {
                    return Err(Failure::because("only one -t option may be specified"));
                }
                Arg::Short('t') => request.fstype = Some(value(&mut parser)?),
                Arg::Value(operand) => request.operands.push(operand),
                Arg::Short(option) => {
                    return Err(Failure::Because(format!("-{option}: not supported")));
                }
                Arg::Long(option) => {
                    return Err(Failure::Because(format!("--{option}: not supported")));
                }
            }
        }
        request.options.retain(|option| !option.is_empty());
        Ok(request)
    }

    /// Whether nothing but `-o` was given.
    fn takes_options_alone(&self) -> bool {
        let is_shown = self.as_fstab || self.verbose;
        !is_shown && !self.all && !self.late && self.fstab.is_none() && self.fstype.is_none()
    }

    /// Carries out `mount` and `mount -t TYPE`: prints a line for each mount.
    fn list(&self) -> Result<ExitCode, Failure> {
        if !self.options.is_empty() || self.fstab.is_some() || self.late {
            return Err(Failure::Usage);
        }
        let mut lines = Vec::new();
        for mount in mounted().map_err(|error| Failure::Because(reason(error)))? {
            if self.fstype.as_ref().is_none_or(|fstype| mount.fstype == fstype.as_bytes()) {
                lines.extend(self.shown(&mount));
            }
        }
        answer::print(lines);
        Ok(ExitCode::SUCCESS)
    }

    /// The line of a mount, as the options say.
    fn shown(&self, mount: &Mounted) -> Vec<u8> {
        match self {
            Self { as_fstab: true, .. } => mount.fstab_line(),
            Self { verbose: true, .. } => mount.verbose_line(),
            _ => mount.line(),
        }
    }

    /// Prints what is now mounted at `target`, with `-v`.
    fn tell(&self, target: &Path) {
        if !self.verbose {
            return;
        }
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let target = target.as_os_str().as_bytes();
        let table = mounted().unwrap_or_default();
        if let Some(mount) = table.iter().rev().find(|mount| mount.target == target) {
            answer::print(self.shown(mount));
        }
    }

    /// Carries out `mount -t TYPE [-o OPTIONS] SPECIAL NODE`.
    fn mount_one(&self, special: &OsString, node: &OsString) -> Result<ExitCode, Failure> {
        if self.late || self.fstab.is_some() {
            return Err(Failure::Usage);
        }
        let Some(fstype) = &self.fstype else {
            return Err(Failure::because(
                "-t is required: nullfs or tmpfs; for a disk, use the mount(8) of Linux",
            ));
        };
        let entry = Entry {
            source: special.as_bytes().to_vec(),
            target: node.as_bytes().to_vec(),
            fstype: fstype.as_bytes().to_vec(),
            options: self.options.clone(),
            line: 0,
        };
        let mount = entry.mount().map_err(|error| Failure::because(error.kind))?;
        check(&mount, &[])
            .and_then(|()| apply(&entry, &mount))
            .map(|()| {
                self.tell(&mount.target);
                ExitCode::SUCCESS
            })
            .map_err(Failure::Because)
    }

    /// Carries out `mount -a`: mounts what the fstab lists and is not mounted yet.
    fn mount_all(&self) -> Result<ExitCode, Failure> {
        let path = self.fstab.clone().unwrap_or_else(|| "/etc/fstab".into());
        let failed = |text: String| Failure::Because(format!("{}:{text}", path.display()));
        let text = fs::read(&path).map_err(|error| failed(format!(" {}", reason(error))))?;
        let table = mounted().map_err(|error| Failure::Because(reason(error)))?;
        let mut plan: Vec<(Entry, Mount)> = Vec::new();
        for mut entry in fstab::parse(&text).map_err(|error| failed(error.to_string()))? {
            if self.fstype.as_ref().is_some_and(|fstype| entry.fstype != fstype.as_bytes()) {
                continue;
            }
            // The options of the command line come last, so that they win over those of the line.
            entry.options.extend(self.options.iter().cloned());
            let mount = entry.mount().map_err(|error| failed(error.to_string()))?;
            let left_out = mount.flags.no_auto || (mount.flags.late && !self.late);
            if left_out || is_mounted(&mount, &table) {
                continue;
            }
            let earlier: Vec<_> = plan.iter().map(|(_, mount)| mount.target.as_path()).collect();
            check(&mount, &earlier).map_err(|error| failed(format!("{}: {error}", entry.line)))?;
            plan.push((entry, mount));
        }
        let mut code = ExitCode::SUCCESS;
        for (entry, mount) in &plan {
            match apply(entry, mount) {
                Ok(()) => self.tell(&mount.target),
                Err(error) => code = answer::fail("mount", error),
            }
        }
        Ok(code)
    }
}

/// Reads all mounts that this process sees, the oldest first.
pub(crate) fn mounted() -> io::Result<Vec<Mounted>> {
    Ok(Mounted::table(&fs::read("/proc/self/mountinfo")?))
}

fn is_mounted(mount: &Mount, table: &[Mounted]) -> bool {
    // The kernel's table has paths without symbolic links.
    let target = fs::canonicalize(&mount.target).unwrap_or_else(|_| mount.target.clone());
    table.iter().any(|known| known.target == target.as_os_str().as_bytes())
}

/// Finds what would make the mount fail. A path below one of `earlier` is not checked: these are
/// mounted first, and what they show is not there yet.
fn check(mount: &Mount, earlier: &[&Path]) -> Result<(), String> {
    let look = |path: &Path| -> Result<Option<fs::Metadata>, String> {
        if earlier.iter().any(|above| path.starts_with(above)) {
            return Ok(None);
        }
        let found = fs::metadata(path);
        found.map(Some).map_err(|error| format!("{}: {}", path.display(), reason(error)))
    };
    let target = look(&mount.target)?;
    let directory = match &mount.file_system {
        FileSystem::Kernel(Kernel::Dev { .. } | Kernel::Fd) => {
            let only = "devfs and fdescfs are mounted in jails only: mount.devfs in jail.conf";
            return Err(only.to_owned());
        }
        FileSystem::Overlay(_) => {
            return Err("overlay: mounted in jails only: mount.fstab in jail.conf".to_owned());
        }
        FileSystem::Union { .. } => {
            return Err("unionfs: mounted in jails only: mount.fstab in jail.conf".to_owned());
        }
        FileSystem::Tmpfs(_) | FileSystem::Kernel(_) | FileSystem::Disk { .. } => true,
        FileSystem::Nullfs { source } => match look(source)? {
            Some(source) => source.is_dir(),
            None => return Ok(()),
        },
    };
    match target {
        Some(target) if directory && !target.is_dir() => {
            Err(format!("{}: Not a directory", mount.target.display()))
        }
        Some(target) if !directory && target.is_dir() => {
            Err(format!("{}: Is a directory", mount.target.display()))
        }
        _ => Ok(()),
    }
}

/// Mounts a file system. The error is the text that follows `mount: `.
fn apply(entry: &Entry, what: &Mount) -> Result<(), String> {
    // In a jail init mounts, and answers mount(2) alone.
    if prison::is_jailed() { by_path::apply(entry, what) } else { detached::apply(entry, what) }
}
