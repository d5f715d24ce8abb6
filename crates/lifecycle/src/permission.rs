//! The parameters of a prison's permissions, as the catalogue has them.
//!
//! `prison` names each permission's parameter in its one table, and `jailparam` has all parameters:
//! that each of these names is a boolean of the catalogue is checked when this crate is compiled.

use jailparam::{Bool, Set};
use prison::{Allow, Permission};

const PARAMETERS: [Bool; Permission::ALL.len()] = {
    let mut all = [Bool::named(Permission::ALL[0].parameter()); Permission::ALL.len()];
    let mut place = 1;
    while place < all.len() {
        all[place] = Bool::named(Permission::ALL[place].parameter());
        place += 1;
    }
    all
};

/// The permissions that a jail's parameters give.
#[must_use]
pub fn allowed(parameters: &Set) -> Allow {
    // The variants are numbered in the order of `ALL`.
    Allow::of(|permission| parameters.flag(PARAMETERS[permission as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A permission has the default of its parameter, and can be changed while the jail runs if
    /// that can.
    #[test]
    fn permissions_are_as_their_parameters() {
        for &permission in Permission::ALL {
            let parameter = PARAMETERS[permission as usize];
            assert_eq!(parameter.name, permission.parameter());
            let default = permission.default().to_string();
            assert_eq!(parameter.default, Some(default.as_str()), "{}", parameter.name);
            let is_live = parameter.access == jailparam::Access::Live;
            assert_eq!(is_live, !permission.is_fixed(), "{}", parameter.name);
        }
    }
}
