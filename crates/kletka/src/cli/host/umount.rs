//! umount(8) for hooks: unmounts file systems, which are named by their directory or by their
//! source.
//!
//! As on FreeBSD, `-f` unmounts a file system that is in use: the mount vanishes from the tree at
//! once, and from memory when the last user is gone.

use crate::cli::answer;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::{Arg, Parser};
use mountinfo::Mounted;
use prison::unmount_on_host;
use rustix::mount::{UnmountFlags, unmount};

use crate::cli::answer::reason;
use crate::cli::grammar::host::UMOUNT;
use crate::cli::help::usage;
use crate::cli::host::mount::detached::registry;
use crate::cli::host::mount::mounted;

/// Runs the applet.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    match Request::parse(arguments) {
        Ok(Some(request)) => request.run(),
        Ok(None) => usage(&UMOUNT),
        Err(error) => answer::fail("umount", error),
    }
}

/// The command line.
#[derive(Default)]
struct Request {
    all: bool,
    force: bool,
    verbose: bool,
    fstab: Option<PathBuf>,
    fstype: Option<OsString>,
    operands: Vec<OsString>,
}

impl Request {
    /// Reads the command line. `None`: the usage is shown.
    fn parse(arguments: Vec<OsString>) -> Result<Option<Self>, String> {
        let mut request = Self::default();
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            let value = |parser: &mut Parser| parser.value().map_err(|error| error.to_string());
            match argument {
                Arg::Short('a') => request.all = true,
                Arg::Short('f') => request.force = true,
                Arg::Short('v') => request.verbose = true,
                Arg::Short('F') => request.fstab = Some(value(&mut parser)?.into()),
                Arg::Short('t') if request.fstype.is_some() => {
                    return Err("only one -t option may be specified".to_owned());
                }
                Arg::Short('t') => request.fstype = Some(value(&mut parser)?),
                Arg::Value(operand) => request.operands.push(operand),
                Arg::Short(option) => return Err(format!("-{option}: not supported")),
                Arg::Long(option) => return Err(format!("--{option}: not supported")),
            }
        }
        let valid =
            request.all == request.operands.is_empty() && (request.all || request.fstab.is_none());
        Ok(valid.then_some(request))
    }

    fn run(mut self) -> ExitCode {
        if self.all {
            match self.of_fstab() {
                Ok(targets) => self.operands = targets,
                Err(error) => return answer::fail("umount", error),
            }
        }
        let mut code = ExitCode::SUCCESS;
        for operand in &self.operands {
            if let Err(error) = self.unmount(operand) {
                code = answer::fail("umount", error);
            }
        }
        code
    }

    /// Reads the directories of the fstab. The last comes first, as later mounts may lie on earlier
    /// ones.
    fn of_fstab(&self) -> Result<Vec<OsString>, String> {
        let path = self.fstab.clone().unwrap_or_else(|| "/etc/fstab".into());
        let text =
            fs::read(&path).map_err(|error| format!("{}: {}", path.display(), reason(error)))?;
        let mut entries =
            fstab::parse(&text).map_err(|error| format!("{}:{error}", path.display()))?;
        // As on FreeBSD, -a leaves the root of the system mounted.
        entries.retain(|entry| {
            entry.target != b"/"
                && self.fstype.as_ref().is_none_or(|fstype| fstype.as_bytes() == entry.fstype)
        });
        Ok(entries.into_iter().rev().map(|entry| OsString::from_vec(entry.target)).collect())
    }

    fn unmount(&self, operand: &OsString) -> Result<(), String> {
        let shown = Path::new(operand).display();
        let mounted = mounted().map_err(reason)?;
        let Some(mount) = find(&mounted, operand.as_bytes()) else {
            return Err(match fs::metadata(operand) {
                Ok(_) => format!("{shown}: not a file system root directory"),
                // FreeBSD prints both lines.
                Err(error) => format!(
                    "{shown}: statfs: {}\numount: {shown}: unknown file system",
                    reason(error)
                ),
            });
        };
        if let Some(fstype) =
            self.fstype.as_ref().filter(|fstype| mount.fstype != fstype.as_bytes())
        {
            let own = String::from_utf8_lossy(&mount.fstype);
            return Err(format!("{shown}: is {own}, not {}", fstype.to_string_lossy()));
        }
        // Not MNT_FORCE, which only has file systems such as NFS and FUSE give up pending requests.
        // MNT_DETACH comes close to FreeBSD's -f.
        let flags = if self.force { UnmountFlags::DETACH } else { UnmountFlags::empty() };
        let target = String::from_utf8_lossy(&mount.target);
        // The path comes from the kernel's table and has no links. One that was put there since
        // leads to no other mount.
        let path = Path::new(OsStr::from_bytes(&mount.target));
        let kept = match prison::is_jailed() {
            // Init unmounts, and answers umount2(2) with this path.
            true => unmount(path, flags | UnmountFlags::NOFOLLOW)
                .map(|()| Vec::new())
                .map_err(|error| prison::Error::MountPoint(path.into(), error.into())),
            false => unmount_on_host(registry("umount").as_ref(), path, flags),
        };
        let kept = kept.map_err(|error| match error {
            prison::Error::MountPoint(_, error) => {
                format!("unmount of {target} failed: {}", reason(error))
            }
            error => format!("unmount of {target} failed: {error}"),
        })?;
        for (jail, why) in kept {
            complain!("umount: {target}: jail {jail} has {why} and keeps it until its end");
        }
        if self.verbose {
            let source = String::from_utf8_lossy(&mount.source);
            answer::print(format!("{source}: unmount from {target}\n"));
        }
        Ok(())
    }
}

/// Finds the mount that `operand` names, the latest of several. The operand is a directory, or else
/// a source, or else a directory by a path with symbolic links.
fn find<'a>(mounted: &'a [Mounted], operand: &[u8]) -> Option<&'a Mounted> {
    let trimmed = match operand.iter().rposition(|&byte| byte != b'/') {
        Some(last) => &operand[..=last],
        None => operand,
    };
    let on = |target: &[u8]| mounted.iter().rev().find(|mount| mount.target == target);
    on(operand)
        .or_else(|| on(trimmed))
        .or_else(|| mounted.iter().rev().find(|mount| mount.source == trimmed))
        .or_else(|| on(fs::canonicalize(OsStr::from_bytes(operand)).ok()?.as_os_str().as_bytes()))
}
