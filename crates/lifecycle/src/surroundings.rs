//! What the commands of a run inherit: the environment, standard streams, kletka's own programs.

use crate::absolute::Where;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::PathBuf;

/// Where kletka's own programs are installed.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The directory that jails see as /run/kletka: PREFIX/libexec/kletka.
    pub root: PathBuf,
    /// The programs that come first in the PATH of hooks.
    pub for_hooks: PathBuf,
    /// The name of the program that FreeBSD has at an absolute path, if kletka has the program for
    /// commands that run there.
    pub name: fn(&OsStr, Where) -> Option<&'static str>,
}

/// What hooks, and commands in jails, inherit.
#[derive(Debug)]
pub struct Surroundings {
    /// kletka's own programs; `None` where they are not installed.
    pub programs: Option<Programs>,
    /// The environment variables, which `exec.clean` withholds.
    pub environment: Vec<(OsString, OsString)>,
    /// Standard input, output and error.
    pub streams: Streams,
}

/// The standard streams of commands.
#[derive(Debug)]
pub enum Streams {
    /// Those of this process.
    Own,
    /// Commands read `input`, and print both output and errors into `output`.
    Files {
        /// Standard input.
        input: File,
        /// Standard output and standard error.
        output: File,
    },
}

impl Surroundings {
    /// Takes the environment and the streams of this process.
    pub fn own(programs: Option<Programs>) -> Self {
        Self { programs, environment: env::vars_os().collect(), streams: Streams::Own }
    }

    /// The value of an environment variable.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_os_str())
    }
}
