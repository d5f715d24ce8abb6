//! What jail(8) is asked to do: the typed half of its command line.

/// What is to be done to jails: jail(8)'s `-c`, `-m` and `-r`, alone and together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `-C` alone: what follows a removal, for jails that went by themselves.
    Clean,
    /// `-c`: jails that do not run are started.
    Create,
    /// `-m`: jails that run are changed.
    Modify,
    /// `-cm`: jails that run are changed, others are started.
    CreateOrModify,
    /// `-r`, `-R`: jails that run are stopped.
    Remove,
    /// `-rc`: jails that run are stopped and started.
    Restart,
    /// `-mr`: jails that run are changed, or stopped and started where the change needs that.
    ModifyOrRestart,
    /// `-cmr`: as `-mr`, and jails that do not run are started.
    CreateOrModifyOrRestart,
}

impl Operation {
    /// The operation that these of the options `-c`, `-m` and `-r` ask for together.
    pub const fn of(create: bool, modify: bool, remove: bool) -> Self {
        match (create, modify, remove) {
            (false, false, false) => Self::Clean,
            (true, false, false) => Self::Create,
            (false, true, false) => Self::Modify,
            (true, true, false) => Self::CreateOrModify,
            (false, false, true) => Self::Remove,
            (true, false, true) => Self::Restart,
            (false, true, true) => Self::ModifyOrRestart,
            (true, true, true) => Self::CreateOrModifyOrRestart,
        }
    }

    /// Whether `-c` is among the options.
    pub fn creates(self) -> bool {
        matches!(
            self,
            Self::Create | Self::CreateOrModify | Self::Restart | Self::CreateOrModifyOrRestart
        )
    }

    /// Whether a jail that runs is changed, if that is possible, and otherwise stopped and started.
    pub(crate) fn restarts_to_change(self) -> bool {
        matches!(self, Self::ModifyOrRestart | Self::CreateOrModifyOrRestart)
    }
}

/// Which jails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One jail, described by its parameters.
    Described(Vec<Vec<u8>>),
    /// Jails by their names, or patterns of names; without any, all that are configured.
    Named(Vec<String>),
}

/// One run of jail(8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which jails.
    pub target: Target,
    /// What is to be done to them.
    pub operation: Operation,
    /// `-R`: jails are removed without the configuration.
    pub by_force: bool,
    /// `-C`: for a jail that ended by itself, what follows a removal runs first.
    pub cleans: bool,
    /// `-d`, which does nothing any more.
    pub dying: bool,
    /// `-p`: how many jails may be under way at once.
    pub limit: Option<usize>,
}

impl Request {
    /// Whether jails are only stopped.
    pub fn only_stops(&self) -> bool {
        self.operation == Operation::Remove
    }

    /// Whether no jail is made or changed, and what jails have left is cleared.
    pub(crate) fn only_clears(&self) -> bool {
        matches!(self.operation, Operation::Remove | Operation::Clean)
    }

    /// Whether `-q` hides refusals: a jail that does not run need not be stopped.
    pub(crate) fn hides_refusals(&self) -> bool {
        matches!(self.operation, Operation::Remove | Operation::Restart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_options_mean_together() {
        for (letters, want) in [
            ("", Operation::Clean),
            ("c", Operation::Create),
            ("m", Operation::Modify),
            ("cm", Operation::CreateOrModify),
            ("r", Operation::Remove),
            ("rc", Operation::Restart),
            ("mr", Operation::ModifyOrRestart),
            ("cmr", Operation::CreateOrModifyOrRestart),
        ] {
            let [create, modify, remove] = ['c', 'm', 'r'].map(|letter| letters.contains(letter));
            let got = Operation::of(create, modify, remove);
            assert_eq!((got, got.creates()), (want, create), "-{letters}");
        }
    }
}
