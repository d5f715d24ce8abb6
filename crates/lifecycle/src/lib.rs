//! jail(8)'s engine: the order in which jails start and stop.
