//! What a run has to tell, as values. Whoever runs jails shows it: a [`Voice`].
//!
//! The library prints nothing and knows no program's name. `Display` of a [`Notice`] is jail(8)'s
//! line; how much of it all a listener wants is a [`Verbosity`], and whether a line is for standard
//! output or standard error, [`Notice::is_complaint`].

use crate::error::Error;
use crate::jail::Jail;
use crate::plan::Step;
use crate::refusal::Refusal;
use configuration::Finding;
use prison::Record;
use std::fmt;
use std::time::Instant;

/// How much jail(8) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-q`, `-i`: only what fails.
    Quiet,
    /// Jails that are created and removed.
    Normal,
    /// `-v`: every step.
    Verbose,
}

/// One thing that a listener is told.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Who is not root and asks for a plan gets one all the same.
    RunningUnknown,
    /// `-d` or `allow.dying` was given.
    DyingIsDeprecated,
    /// A jail, or all, are not what was asked for.
    Refused {
        /// Why.
        refusal: &'a Refusal,
        /// As a jail was to be stopped: `-q` hides it.
        of_a_stop: bool,
    },
    /// What the check before a start has found, of little harm.
    Warning(&'a Finding),
    /// The same of the jail that the command line describes.
    Doubt(&'a str),
    /// The jail of this name is left out, as one that it waits for has failed.
    Skipped(&'a str),
    /// A step begins; the jail has this jid, or none yet.
    Begins(&'a Jail, &'a Step, Option<u32>),
    /// These processes have got SIGTERM.
    Terminated(&'a Jail, &'a [u32]),
    /// The jail has no user ids of its own.
    SharesUsers(&'a Jail),
    /// The prison is there, and has this jid.
    Created(&'a Jail, u32),
    /// The prison is gone.
    Removed {
        /// The jail.
        jail: &'a Jail,
        /// That was all that was asked for: only `-v` says it.
        is_expected: bool,
    },
    /// A step failed.
    Failed(&'a Jail, &'a Error),
    /// The call that changes a prison.
    Changes(&'a Jail, &'a str),
    /// This permission was changed, for processes to come.
    ForLater(&'a Jail, &'static str),
    /// The prison was changed.
    Updated(&'a Jail),
}

/// Where a run of several jails is.
#[derive(Debug)]
pub struct UnderWay<'a> {
    /// Jails that have come to their end.
    pub done: usize,
    /// All jails.
    pub all: usize,
    /// Of those under way, the jail whose step has taken longest so far.
    pub jail: &'a str,
    /// That step.
    pub step: String,
    /// When that step began.
    pub since: Instant,
}

/// Who listens.
pub trait Voice {
    /// Takes a notice.
    fn tell(&self, notice: &Notice<'_>);

    /// Takes note of a jail that has been started, or runs as it was to: its parameters as they
    /// were given, and its prison.
    ///
    /// # Errors
    /// The note cannot be taken. The jail counts as failed then, and goes on running.
    fn runs(&self, _given: Option<&jailconf::Jail>, _record: &Record) -> Result<(), Refusal> {
        Ok(())
    }

    /// Shows, about every second, what is under way.
    fn show(&self, _under_way: &UnderWay<'_>) {}

    /// Takes back what was shown, before anything else is said.
    fn hide(&self) {}
}

impl Notice<'_> {
    /// Whether the notice is for standard error.
    pub fn is_complaint(&self) -> bool {
        !matches!(
            self,
            Self::Begins(..)
                | Self::Terminated(..)
                | Self::Created(..)
                | Self::Removed { .. }
                | Self::Changes(..)
                | Self::Updated(..)
        )
    }

    /// How much a listener wants who wants this.
    pub fn least(&self) -> Verbosity {
        // A jail that was described on the command line is known to have been.
        let of = |jail: &Jail| match jail.configured {
            Some(_) => Verbosity::Normal,
            None => Verbosity::Verbose,
        };
        match self {
            Self::Begins(..) | Self::Terminated(..) | Self::Changes(..) => Verbosity::Verbose,
            Self::Removed { is_expected: true, .. } => Verbosity::Verbose,
            Self::Created(jail, _) | Self::Updated(jail) => of(jail),
            Self::Removed { .. }
            | Self::Warning(_)
            | Self::Doubt(_)
            | Self::Skipped(_)
            | Self::ForLater(..)
            | Self::Refused { of_a_stop: true, .. } => Verbosity::Normal,
            Self::RunningUnknown
            | Self::DyingIsDeprecated
            | Self::Refused { .. }
            | Self::SharesUsers(_)
            | Self::Failed(..) => Verbosity::Quiet,
        }
    }

    /// The text that follows `PROGRAM: `, as [`Refusal::lines`] has it.
    pub fn lines(&self, program: &str, excerpts: bool) -> String {
        match self {
            Self::Refused { refusal, .. } => refusal.lines(program, excerpts),
            Self::Warning(finding) => crate::report::lines(program, [*finding], excerpts),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunningUnknown => f.write_str(
                "which jails run is for root to know: planned as if those to stop or change ran, and no others",
            ),
            // FreeBSD's answer to both.
            Self::DyingIsDeprecated => f.write_str(
                "the 'allow.dying' parameter and '-d' flag are deprecated and have no effect.",
            ),
            Self::Refused { refusal, .. } => refusal.fmt(f),
            Self::Warning(finding) => finding.fmt(f),
            Self::Doubt(message) => write!(f, "warning: {message}"),
            Self::Skipped(name) => write!(f, "{name}: skipped"),
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
            Self::Created(jail, _) => write!(f, "{}created", jail.prefix()),
            Self::Removed { jail, .. } => write!(f, "{}removed", jail.prefix()),
            Self::Failed(jail, error) => write!(f, "{}{error}", jail.prefix()),
            Self::Changes(jail, call) => write!(f, "{}{call}", jail.prefix()),
            Self::ForLater(jail, permission) => write!(
                f,
                "{}{permission}: processes that are in the jail keep what they have; restart it to change theirs",
                jail.prefix()
            ),
            Self::Updated(jail) => write!(f, "{}updated", jail.prefix()),
        }
    }
}
