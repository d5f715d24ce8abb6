//! What the link-level addresses of interfaces follow from: the machine, by machine-id(5), and the
//! jail for which or in which an interface is made.
//!
//! Two networks of one machine may be joined by a bridge. So an interface gets another address in
//! every jail that makes one of that name, and for every jail whose hooks do.

use std::env;
use std::fs;

use netif::Identity;

/// Answers the machine's id together with the jail: that whose network `network` is, seen from
/// outside; that which this process is in; and that for which a hook runs. `None`: the machine has
/// no id, and its interfaces get other addresses each time.
pub(super) fn identity(network: Option<&str>) -> Option<Identity> {
    let machine = fs::read_to_string("/etc/machine-id").ok()?;
    let machine = machine.trim();
    // systemd writes `uninitialized` into images, which is the same on all machines.
    let is_id = machine.len() == 32 && machine.bytes().all(|byte| byte.is_ascii_hexdigit());
    let network = network.map(|name| format!("in {name}\n"));
    let parts = [network.unwrap_or_default(), this_jail(), jail_of_hook().unwrap_or_default()];
    is_id.then(|| Identity::new(machine, &parts.concat()))
}

/// Answers the jail for which this process, a hook of jail(8), runs: `JNAME`.
pub(super) fn jail_of_hook() -> Option<String> {
    env::var("JNAME").ok()
}

/// Answers the jail whose start this process, a hook, undoes: `KLETKA_UNDO`, which jail(8) sets.
pub(super) fn undone() -> Option<String> {
    env::var_os("KLETKA_UNDO")?;
    jail_of_hook()
}

/// Answers the jail that this process is in. Jails that are copies of one base may have the same
/// machine-id, and most have no host name: the name of the jail tells them apart. Jails inside
/// different jails may have the same name, and there the host names may differ.
///
/// On the host the answer is empty: its name may change, and the addresses must not.
fn this_jail() -> String {
    if !prison::is_jailed() {
        return String::new();
    }
    let jail = fs::read("/proc/1/cmdline").unwrap_or_default();
    let host = fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    let [jail, host] = [jail, host].map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    format!("{jail} {host}\n")
}
