//! rc.conf(5) and service jail.
