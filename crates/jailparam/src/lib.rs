//! The typed catalogue of jail(8) parameters.
