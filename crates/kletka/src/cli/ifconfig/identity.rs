//! Who this machine is, for the link-level addresses of what it creates: machine-id(5).

use std::fs;

use netif::Identity;

/// The machine, and the jail that a hook runs for: `JNAME`, jail(8). A jail that creates interfaces
/// itself is told from its neighbours, whose machine-id may be the same, by its host name. `None`:
/// the machine has no id, and its interfaces get other addresses each time.
pub(super) fn identity() -> Option<Identity> {
    let machine = fs::read_to_string("/etc/machine-id").ok()?;
    let machine = machine.trim();
    // systemd writes `uninitialized` into images.
    let is_id = machine.len() == 32 && machine.bytes().all(|byte| byte.is_ascii_hexdigit());
    let jail = std::env::var("JNAME").unwrap_or_else(|_| host_name_of_a_jail());
    is_id.then(|| Identity::new(machine, &jail))
}

/// Empty on the host: there a host name may change and an address may not.
fn host_name_of_a_jail() -> String {
    if !prison::is_jailed() {
        return String::new();
    }
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("host {}", name.trim())
}
