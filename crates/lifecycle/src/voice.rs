//! The messages of a run, as values. Whoever runs jails shows them, as a [`Voice`].
//!
//! The library prints nothing and knows no program's name. `Display` of a [`Notice`] writes
//! jail(8)'s line. [`Notice::least`] is the lowest [`Verbosity`] that shows the line, and
//! [`Notice::is_complaint`] says whether the line belongs on standard error.

use crate::command::CommandLine;
use crate::error::Error;
use crate::exposure::{Exposed, HOSTS_ROOT};
use crate::jail::Jail;
use crate::plan::Step;
use crate::refusal::Refusal;
use crate::report::{self, Fault};
use configuration::Finding;
use jailparam::param;
use prison::Record;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// How much jail(8) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`, `-i`: failures only.
    Quiet,
    /// Without options: also which jails are created and removed.
    Normal,
    /// `-v`: every step.
    Verbose,
}

/// One message of a run.
#[derive(Debug)]
pub enum Notice<'a> {
    /// A plan is made for a user who is not root and cannot know which jails run.
    RunningUnknown,
    /// `-d` or `allow.dying` was given.
    DyingIsDeprecated,
    /// What was asked for is refused, for one jail or for all.
    Refused {
        /// Why.
        refusal: &'a Refusal,
        /// Whether the jail was to be stopped: `-q` then hides the message.
        of_a_stop: bool,
    },
    /// The check before a start has found something that keeps no jail from starting.
    Warning(&'a Finding),
    /// The check has found such a thing in the jail that the command line describes.
    Doubt(&'a str),
    /// The jail of this name is skipped, because a jail that it waits for has failed.
    Skipped(&'a str),
    /// This step of the jail begins. The number is the jail's jid, if there is one yet.
    Begins(&'a Jail, &'a Step, Option<u32>),
    /// SIGTERM was sent to these processes.
    Terminated(&'a Jail, &'a [u32]),
    /// The jail has no user ids of its own.
    SharesUsers(&'a Jail),
    /// The jail's root is that of the host, and nothing says that this is meant.
    HostsRoot(&'a Jail),
    /// The jail's ruleset hides nothing, and why that matters.
    OpenDev(&'a Jail, &'a str),
    /// Other users of the host can execute what the jail's root makes set-user-ID.
    Exposed(&'a Jail, &'a Exposed),
    /// The prison was created with this jid.
    Created(&'a Jail, u32),
    /// No process was left in the jail when its start was done: the jail has ended.
    Ended(&'a Jail),
    /// The prison is gone.
    Removed {
        /// The jail.
        jail: &'a Jail,
        /// Whether nothing else was asked for: then only `-v` reports the removal.
        is_expected: bool,
    },
    /// What the host had mounted here was unmounted.
    Unmounted(&'a Jail, &'a Path),
    /// The jail is gone; below its root the host has these mounts.
    StillMounted(&'a Jail, &'a Path, &'a [PathBuf]),
    /// A step failed.
    Failed(&'a Jail, &'a Error),
    /// The prison is about to be changed by this call.
    Changes(&'a Jail, &'a str),
    /// This permission was changed. Only processes that enter the jail from now on get it.
    ForLater(&'a Jail, &'static str),
    /// The prison was changed.
    Updated(&'a Jail),
    /// The words of the command line ask for nothing that the prison has not.
    Unchanged(&'a Jail),
}

/// How far a run of several jails has come.
#[derive(Debug)]
pub struct UnderWay<'a> {
    /// The number of jails that are finished.
    pub done: usize,
    /// The number of all jails.
    pub all: usize,
    /// The jail whose step has been under way longest.
    pub jail: &'a str,
    /// The step, in words.
    pub step: String,
    /// When the step began.
    pub since: Instant,
}

/// The receiver of a run's messages.
pub trait Voice {
    /// Takes a message.
    fn tell(&self, notice: &Notice<'_>);

    /// Records a jail that was started, or that ran already as it was asked to: `given` are its
    /// parameters as they are written, `record` is that of its prison. `jail -J` writes its file
    /// here.
    ///
    /// # Errors
    /// The jail cannot be recorded. Then the jail counts as failed, and goes on running.
    fn runs(&self, _given: Option<&jailconf::Jail>, _record: &Record) -> Result<(), Refusal> {
        Ok(())
    }

    /// Shows what is under way. Called about once a second.
    fn show(&self, _under_way: &UnderWay<'_>) {}

    /// Removes what [`Voice::show`] has shown, before anything else is said.
    fn hide(&self) {}
}

impl Notice<'_> {
    /// Whether the message belongs on standard error.
    pub fn is_complaint(&self) -> bool {
        !matches!(
            self,
            Self::Begins(..)
                | Self::Terminated(..)
                | Self::Created(..)
                | Self::Removed { .. }
                | Self::Changes(..)
                | Self::Unmounted(..)
                | Self::Updated(..)
        )
    }

    /// The lowest verbosity that shows the message.
    pub fn least(&self) -> Verbosity {
        // FreeBSD's main() prints `created` for a jail of a file, and for one that the command line
        // describes under -v alone.
        let of = |jail: &Jail| match jail.configured {
            Some(_) => Verbosity::Normal,
            None => Verbosity::Verbose,
        };
        match self {
            Self::Begins(..) | Self::Terminated(..) | Self::Changes(..) | Self::Unmounted(..) => {
                Verbosity::Verbose
            }
            Self::Removed { is_expected: true, .. } => Verbosity::Verbose,
            Self::Created(jail, _) | Self::Updated(jail) => of(jail),
            Self::Removed { .. }
            | Self::Warning(_)
            | Self::Doubt(_)
            | Self::HostsRoot(_)
            | Self::OpenDev(..)
            | Self::Exposed(..)
            | Self::StillMounted(..)
            | Self::Ended(_)
            | Self::Skipped(_)
            | Self::ForLater(..)
            | Self::Unchanged(_)
            | Self::Refused { of_a_stop: true, .. } => Verbosity::Normal,
            Self::RunningUnknown
            | Self::DyingIsDeprecated
            | Self::Refused { .. }
            | Self::SharesUsers(_)
            | Self::Failed(..) => Verbosity::Quiet,
        }
    }

    /// The text that follows `PROGRAM: `, with further lines as [`Refusal::lines`] writes them.
    pub fn lines(&self, program: &str, excerpts: bool) -> String {
        match self {
            Self::Refused { refusal, .. } => refusal.lines(program, excerpts),
            Self::Warning(finding) => report::lines(program, [*finding], excerpts),
            Self::Failed(jail, error) => match jail.place_of(error) {
                Some(place) => {
                    report::lines(program, [Fault::new(self.to_string(), place)], excerpts)
                }
                None => self.to_string(),
            },
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunningUnknown => f.write_str(
                "only root knows which jails run; this plan takes those to be stopped or changed to be running",
            ),
            // FreeBSD warns of both in these words.
            Self::DyingIsDeprecated => f.write_str(
                "the 'allow.dying' parameter and '-d' flag are deprecated and have no effect.",
            ),
            Self::Refused { refusal, .. } => refusal.fmt(f),
            Self::Warning(finding) => finding.fmt(f),
            Self::Doubt(message) => write!(f, "warning: {message}"),
            Self::Skipped(name) => {
                write!(f, "{name}: skipped; a jail that it waits for has failed")
            }
            Self::Begins(jail, step, jid) => write!(f, "{}{}", jail.prefix(), step.shown(*jid)),
            Self::Terminated(jail, processes) => {
                write!(f, "{}sent SIGTERM to:", jail.prefix())?;
                processes.iter().try_for_each(|process| write!(f, " {process}"))
            }
            Self::SharesUsers(jail) => write!(
                f,
                "{}kletka.userns=inherit: root in the jail is root of the host",
                jail.prefix()
            ),
            Self::HostsRoot(jail) => write!(f, "warning: {}{HOSTS_ROOT}", jail.prefix()),
            Self::OpenDev(jail, why) => write!(f, "warning: {}{why}", jail.prefix()),
            Self::Exposed(jail, exposed) => write!(f, "warning: {}{exposed}", jail.prefix()),
            Self::Created(jail, _) => write!(f, "{}created", jail.prefix()),
            Self::Ended(jail) => write!(f, "{}{}", jail.prefix(), why_it_ended(jail)),
            Self::Removed { jail, .. } => write!(f, "{}removed", jail.prefix()),
            // In the words in which FreeBSD's jail(8) shows this command.
            Self::Unmounted(jail, point) => {
                write!(f, "{}run command: /sbin/umount {}", jail.prefix(), point.display())
            }
            Self::StillMounted(jail, root, points) => {
                write!(f, "warning: {}still mounted on the host:", jail.prefix())?;
                points.iter().try_for_each(|point| write!(f, " {}", point.display()))?;
                write!(f, "; umount before {} is removed", root.display())
            }
            Self::Failed(jail, error) => {
                write!(f, "{}{error}", jail.prefix())?;
                match log_of(jail, error) {
                    Some(log) => write!(f, "; its output is in {}", log.display()),
                    None => Ok(()),
                }
            }
            Self::Changes(jail, call) => write!(f, "{}{call}", jail.prefix()),
            Self::ForLater(jail, permission) => write!(
                f,
                "{}{permission}: processes that are in the jail keep what they have; restart it to change theirs",
                jail.prefix()
            ),
            Self::Updated(jail) => write!(f, "{}updated", jail.prefix()),
            Self::Unchanged(jail) => {
                write!(f, "{}nothing was changed; the jail has these values", jail.prefix())
            }
        }
    }
}

/// The file that has what a command said before it failed.
fn log_of(jail: &Jail, error: &Error) -> Option<PathBuf> {
    let (Error::Failed(command) | Error::Signaled(command, _) | Error::TimedOut(command)) = error
    else {
        return None;
    };
    let lists = [param::EXEC_START, param::EXEC_STOP].into_iter();
    let mut lines = lists
        .flat_map(|list| jail.parameters.list(list))
        .filter_map(|line| CommandLine::parse(line));
    let is_inside = lines.any(|line| line.to_string() == *command);
    jail.text(param::EXEC_CONSOLELOG).filter(|_| is_inside).map(PathBuf::from)
}

/// Says what keeps a jail without processes, what /etc/rc of the jail would have started, and how
/// the hooks that follow a jail's end are run.
fn why_it_ended(jail: &Jail) -> String {
    let mut text =
        "nothing stays running in the jail, so it has ended; \"persist;\" keeps it".to_owned();
    let is_rc =
        |command: &Vec<u8>| command.split(u8::is_ascii_whitespace).any(|word| word == b"/etc/rc");
    if jail.parameters.list(param::EXEC_START).iter().any(is_rc) {
        if let Some(log) = jail.text(param::EXEC_CONSOLELOG) {
            let _ = write!(text, "; {} has what its /etc/rc said", log.to_string_lossy());
        }
        let _ = write!(
            text,
            "; a service that its /etc/rc is to start: sysrc -R {} NAME_enable=YES",
            jail.path().display()
        );
    }
    let follows = [param::EXEC_POSTSTOP, param::EXEC_RELEASE];
    if follows.into_iter().any(|hook| !jail.parameters.list(hook).is_empty()) {
        let name = jail.called().unwrap_or_default();
        let _ = write!(text, "; exec.poststop and exec.release have not run: jail -C {name}");
    }
    text
}
