//! The verb of a service and its prefixes: rc.subr's run_rc_command.

/// The verbs in the order of rc.subr's usage line for rc.d/jail, and those that only rc.d/netif
/// has. FreeBSD's line has `status` twice: rc.d/jail adds a word that rc.subr has already.
pub const KEYWORDS: &[&str] = &[
    "start",
    "stop",
    "restart",
    "rcvar",
    "enable",
    "disable",
    "delete",
    "enabled",
    "describe",
    "extracommands",
    "config",
    "console",
    "status",
    "poll",
    "cloneup",
    "clonedown",
];

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Starts jails.
    Start,
    /// Stops jails.
    Stop,
    /// Stops jails, then starts them.
    Restart,
    /// Lists the jails that run.
    Status,
    /// Shows `jail_enable`.
    Rcvar,
    /// Succeeds if `jail_enable` is yes.
    Enabled,
    /// Says what the service is.
    Describe,
    /// Names the verbs that only this service has.
    ExtraCommands,
    /// Shows which file describes each jail.
    Config,
    /// Sets `jail_enable` to YES.
    Enable,
    /// Sets `jail_enable` to NO.
    Disable,
    /// Removes `jail_enable`.
    Delete,
    /// Logs into a jail.
    Console,
    /// Waits for the service's own process; a service of jails has none.
    Poll,
    /// Makes the interfaces of `cloned_interfaces`.
    CloneUp,
    /// Destroys the interfaces of `cloned_interfaces`.
    CloneDown,
}

/// Each verb and its word.
const VERBS: [(Verb, &str); 16] = [
    (Verb::Start, "start"),
    (Verb::Stop, "stop"),
    (Verb::Restart, "restart"),
    (Verb::Status, "status"),
    (Verb::Rcvar, "rcvar"),
    (Verb::Enabled, "enabled"),
    (Verb::Describe, "describe"),
    (Verb::ExtraCommands, "extracommands"),
    (Verb::Config, "config"),
    (Verb::Enable, "enable"),
    (Verb::Disable, "disable"),
    (Verb::Delete, "delete"),
    (Verb::Console, "console"),
    (Verb::Poll, "poll"),
    (Verb::CloneUp, "cloneup"),
    (Verb::CloneDown, "clonedown"),
];

/// A verb with its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub verb: Verb,
    /// With `one` or `force`: the value of `jail_enable` does not matter.
    pub anyway: bool,
    /// With `fast` or `quiet`: nothing is said if the service is not enabled.
    pub quiet: bool,
}

/// There is no such verb, on FreeBSD either; the word without its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownVerb(pub String);

impl Request {
    /// Reads `word`: a verb, behind `fast`, `force`, `one` or `quiet` or without a prefix.
    ///
    /// # Errors
    /// There is no such verb.
    pub fn parse(word: &str) -> Result<Self, UnknownVerb> {
        // No verb begins with one of these words, so the first match is the only one.
        let prefixes = [("fast", false), ("force", true), ("one", true), ("quiet", false)];
        let found = prefixes.iter().find_map(|&(prefix, anyway)| {
            word.strip_prefix(prefix).map(|verb| (verb, anyway, !anyway))
        });
        let (word, anyway, quiet) = found.unwrap_or((word, false, false));
        match VERBS.iter().find(|(_, known)| *known == word) {
            Some(&(verb, _)) => Ok(Self { verb, anyway, quiet }),
            None => Err(UnknownVerb(word.to_owned())),
        }
    }

    /// The verb as a user types it, without prefix.
    pub fn word(self) -> &'static str {
        VERBS.iter().find(|(verb, _)| *verb == self.verb).map_or("", |&(_, word)| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn words() {
        let request = |verb, anyway, quiet| Ok(Request { verb, anyway, quiet });
        for (word, want) in [
            ("start",       request(Verb::Start, false, false)),
            ("onestart",    request(Verb::Start, true, false)),
            ("forcestop",   request(Verb::Stop, true, false)),
            ("quietstart",  request(Verb::Start, false, true)),
            ("faststart",   request(Verb::Start, false, true)),
            ("onerestart",  request(Verb::Restart, true, false)),
            ("rcvar",       request(Verb::Rcvar, false, false)),
            ("console",     request(Verb::Console, false, false)),
            ("oneenable",   request(Verb::Enable, true, false)),
            ("halt",        Err(UnknownVerb("halt".to_owned()))),
            ("oneoff",      Err(UnknownVerb("off".to_owned()))),
            ("",            Err(UnknownVerb(String::new()))),
        ] {
            assert_eq!(Request::parse(word), want, "{word}");
        }
        for word in KEYWORDS {
            assert_eq!(Request::parse(word).unwrap().word(), *word);
        }
    }
}
