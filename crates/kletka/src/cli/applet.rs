//! What an applet is: a row of the table in [`super`]. The dispatch, the installed links, the
//! manual pages and `kletka --help` follow from the rows.
//!
//! This module has the types only. The rows are in [`super`], because they name the modules of the
//! applets; a function that needs the rows gets them as an argument.

use super::grammar::Grammar;
use super::page::Page;
use std::ffi::OsString;
use std::process::ExitCode;

/// The function of a command: it takes the words after the command's name, and answers the exit
/// status.
pub(super) type Run = fn(Vec<OsString>) -> ExitCode;

/// A command of this binary.
pub(super) struct Applet {
    /// The name by which the applet is called, as `argv[0]` or after `kletka`.
    pub(super) name: &'static str,
    /// The command line.
    pub(super) grammar: &'static Grammar,
    pub(super) run: Run,
    pub(super) group: Group,
    /// The manual page, which several applets may share.
    pub(super) page: Page,
    /// The directories that have a link of this name.
    pub(super) links: &'static [Place],
}

impl Applet {
    /// Makes an applet that is called as `kletka NAME` only.
    pub(super) const fn new(grammar: &'static Grammar, run: Run, group: Group, page: Page) -> Self {
        Self { name: grammar.name, grammar, run, group, page, links: &[] }
    }

    /// Gives the applet links in the directories `links`.
    pub(super) const fn linked(self, links: &'static [Place]) -> Self {
        Self { links, ..self }
    }
}

/// The purpose of an applet. Each group is a section of `kletka --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Jails,
    Network,
    Boot,
    Host,
    /// Commands that FreeBSD does not have.
    Own,
}

impl Group {
    /// All groups, in the order in which they are shown.
    pub(super) const ALL: [Self; 5] =
        [Self::Jails, Self::Network, Self::Boot, Self::Host, Self::Own];

    /// Answers the headline of the group.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Jails => "Jails",
            Self::Network => "Network",
            Self::Boot => "Boot and services",
            Self::Host => "Host",
            Self::Own => "kletka's own",
        }
    }
}

/// A directory of links to the binary, called after those who have the directory in their PATH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Everybody.
    Everywhere,
    /// Hooks on the host. A Linux host has programs of its own under these names, which nobody else
    /// should miss.
    Hooks,
    /// Processes in jails: `exec.start` and `/etc/rc` in a base without FreeBSD's programs, and
    /// jail(8) for jails inside jails.
    Jails,
}

impl Place {
    /// All directories.
    pub(super) const ALL: [Self; 3] = [Self::Everywhere, Self::Hooks, Self::Jails];

    /// Answers the directory, below the prefix.
    pub(super) const fn directory(self) -> &'static str {
        match self {
            Self::Everywhere => "bin",
            Self::Hooks => "libexec/kletka/bin",
            Self::Jails => "libexec/kletka/jail",
        }
    }

    /// Answers the directory, below the prefix, in which a shell finds completions of these names.
    pub(super) const fn share(self) -> &'static str {
        match self {
            Self::Everywhere => "share",
            // In `share` they would be used for the host's own programs of these names, too.
            Self::Hooks | Self::Jails => "libexec/kletka/share",
        }
    }

    /// Answers the path from this directory to the binary.
    pub(super) const fn to_binary(self) -> &'static str {
        match self {
            Self::Everywhere => "../libexec/kletka/kletka",
            // Jails have `libexec/kletka` mounted, and nothing outside: links must stay inside.
            Self::Hooks | Self::Jails => "../kletka",
        }
    }
}
