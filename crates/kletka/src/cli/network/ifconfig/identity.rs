//! Who this machine is, for the link-level addresses of what it creates: machine-id(5).

use std::fs;

use netif::Identity;

/// The machine, and the jail that a hook runs for: `JNAME`, jail(8). Inside a jail the host name
/// stands for the jail, because the machine-id may be that of its neighbours. `None`: the machine
/// has no id, and its interfaces get other addresses each time.
pub(super) fn identity() -> Option<Identity> {
    let machine = fs::read_to_string("/etc/machine-id").ok()?;
    let machine = machine.trim();
    // systemd writes `uninitialized` into images.
    let is_id = machine.len() == 32 && machine.bytes().all(|byte| byte.is_ascii_hexdigit());
    let jail = std::env::var("JNAME").unwrap_or_else(|_| host_name_of_a_jail());
    is_id.then(|| Identity::new(machine, &jail))
}

/// The host name of a jail. Empty on the host, whose name may change although addresses may not.
fn host_name_of_a_jail() -> String {
    if !prison::is_jailed() {
        return String::new();
    }
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("host {}", name.trim())
}
