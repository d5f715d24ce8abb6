//! What an applet is: one row of the table in [`super`], from which follow the dispatch, the
//! installed links, the manual pages, the completions and `kletka --help`.
//!
//! Only types and what can be read off a row; the rows stand in [`super`], because they name the
//! modules, and whoever needs them is handed them.

use super::page::Page;
use std::ffi::OsString;
use std::process::ExitCode;

/// A command: what follows its name on the command line in, exit status out.
pub(super) type Run = fn(Vec<OsString>) -> ExitCode;

/// A command of this binary.
pub(super) struct Applet {
    /// What it is called by, as `argv[0]` or after `kletka`.
    pub(super) name: &'static str,
    pub(super) run: Run,
    pub(super) group: Group,
    /// Its manual page, which may be that of several applets.
    pub(super) page: Page,
    /// The directories that have its name.
    pub(super) links: &'static [Place],
    /// What shells complete its command line by.
    pub(super) completion: Option<Completion>,
}

impl Applet {
    /// An applet that is reached by `kletka NAME` alone.
    pub(super) const fn new(name: &'static str, run: Run, group: Group, page: Page) -> Self {
        Self { name, run, group, page, links: &[], completion: None }
    }

    /// The same with its name in `links`.
    pub(super) const fn linked(self, links: &'static [Place]) -> Self {
        Self { links, ..self }
    }

    /// The same with `completion`.
    pub(super) const fn completed(self, completion: Completion) -> Self {
        Self { completion: Some(completion), ..self }
    }
}

/// What an applet is for: the sections of `kletka --help`.
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
    /// All of them, in the order in which they are shown.
    pub(super) const ALL: [Self; 5] =
        [Self::Jails, Self::Network, Self::Boot, Self::Host, Self::Own];

    /// Its headline.
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

/// A directory of names that lead to the binary, for those who have it in their PATH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Everybody.
    Everywhere,
    /// Hooks on the host: these names are those of programs that a Linux host has itself.
    Hooks,
    /// `exec.start` and `/etc/rc` in a jail whose base lacks FreeBSD's, and jails inside jails.
    Jails,
}

impl Place {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Everywhere, Self::Hooks, Self::Jails];

    /// The directory, below the prefix.
    pub(super) const fn directory(self) -> &'static str {
        match self {
            Self::Everywhere => "bin",
            Self::Hooks => "libexec/kletka/bin",
            Self::Jails => "libexec/kletka/jail",
        }
    }

    /// Where a shell finds completions of the names in this directory, below the prefix. Those of
    /// names that a Linux host has itself are found only with the directory in the PATH.
    pub(super) const fn share(self) -> &'static str {
        match self {
            Self::Everywhere => "share",
            Self::Hooks | Self::Jails => "libexec/kletka/share",
        }
    }

    /// Where the binary is, seen from there. `libexec/kletka` is mounted in jails as a whole and
    /// without what is around it, so its links stay inside it.
    pub(super) const fn to_binary(self) -> &'static str {
        match self {
            Self::Everywhere => "../libexec/kletka/kletka",
            Self::Hooks | Self::Jails => "../kletka",
        }
    }
}

/// What bash(1) and zsh(1) complete a command line by: two scripts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Completion {
    pub(super) bash: &'static str,
    pub(super) zsh: &'static str,
}

/// The [`Completion`] of the command that is named: its files in `share/completions`.
macro_rules! completion {
    ($name:literal) => {
        crate::cli::applet::Completion {
            bash: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../share/completions/bash/",
                $name
            )),
            zsh: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../share/completions/zsh/_",
                $name
            )),
        }
    };
}
