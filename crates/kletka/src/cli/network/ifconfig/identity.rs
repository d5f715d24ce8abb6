//! The identity of this machine, from which the link-level addresses of interfaces that it creates
//! follow: machine-id(5).

use std::fs;

use netif::Identity;

/// Answers the machine's id together with the jail for which a hook runs (`JNAME`, jail(8)).
/// `None`: the machine has no id, and its interfaces get other addresses each time.
pub(super) fn identity() -> Option<Identity> {
    let machine = fs::read_to_string("/etc/machine-id").ok()?;
    let machine = machine.trim();
    // systemd writes `uninitialized` into images, which is the same on all machines.
    let is_id = machine.len() == 32 && machine.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Jails that are copies of one base may have the same machine-id: inside a jail the host name
    // tells them apart.
    let jail = std::env::var("JNAME").unwrap_or_else(|_| host_name_of_a_jail());
    is_id.then(|| Identity::new(machine, &jail))
}

/// Answers the host name of a jail. On the host the answer is empty: its name may change, and the
/// addresses must not.
fn host_name_of_a_jail() -> String {
    if !prison::is_jailed() {
        return String::new();
    }
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("host {}", name.trim())
}
