//! A jail on the machine itself, without a sandbox: `/` is on ext4 and shared, and there is cgroup
//! v2 alone.

use std::fs;
use std::path::Path;

use crate::sandbox::Sandbox;
use std::sync::Mutex;

/// Held by the test that runs: there is only one machine.
static MACHINE: Mutex<()> = Mutex::new(());

/// Runs `line` in the mount namespace of the machine. The programs and the registry are those of
/// the sandbox, by their paths in /proc.
fn on_the_machine(sandbox: &Sandbox, line: &str) -> String {
    let programs = sandbox.outside(Path::new("/usr/local"));
    let done = std::process::Command::new("timeout")
        .args(["60", "sh", "-c", line])
        .env_clear()
        .env("PATH", format!("{}/bin:/usr/sbin:/usr/bin:/sbin:/bin", programs.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{line}: {}\n{said}{errors}", done.status);
    said
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count()
}

#[test]
fn a_jail_on_a_shared_root_in_pure_cgroup_v2() {
    let Some(sandbox) = crate::sandbox() else { return };
    let _alone = MACHINE.lock();
    let machine = |line: &str| on_the_machine(&sandbox, line);
    sandbox.root("/srv/web");
    assert_eq!(machine("findmnt --noheadings --output PROPAGATION,FSTYPE /"), "shared      ext4\n");
    assert_eq!(machine("findmnt --noheadings --output FSTYPE /sys/fs/cgroup"), "cgroup2\n");
    let before = mounts();

    machine("touch /srv/web/tmp/theirs && chown 1000:1000 /srv/web/tmp/theirs");
    machine("jail -q -c name=web path=/srv/web vnet mount.devfs persist exec.clean");
    assert_eq!(mounts(), before);
    let inside = machine(
        "jexec web sh -c 'id -u; stat -c %u /tmp/theirs; touch /tmp/mine; echo hello > /dev/null'",
    );
    assert_eq!(inside, "0\n1000\n");
    assert_eq!(machine("stat -c %u /srv/web/tmp/mine"), "0\n");

    // The jail's control group contains its processes, and they see no other group.
    let cgroup = machine("ls -d /sys/fs/cgroup/kletka/[0-9]*");
    assert!(machine(&format!("cat {}/cgroup.procs", cgroup.trim())).lines().count() >= 1);
    assert_eq!(machine("jexec web cat /proc/self/cgroup"), "0::/\n");

    machine("jail -q -r web");
    assert!(!Path::new(cgroup.trim()).exists());
    assert!(!Path::new("/sys/fs/cgroup/kletka").exists());
    assert_eq!(machine("jls name"), "");
    assert_eq!(mounts(), before);
    machine("rm -r /srv/web");
}

/// A jail's own kletka makes a jail inside it, and the machine sees that jail. This holds on
/// kernels with a call for process numbers of other namespaces, and on older ones.
#[test]
fn a_jail_inside_a_jail() {
    let Some(sandbox) = crate::sandbox() else { return };
    let _alone = MACHINE.lock();
    let machine = |line: &str| on_the_machine(&sandbox, line);
    sandbox.root("/srv/outer");
    sandbox.root("/srv/outer/home/inner");
    let program = sandbox.outside(Path::new("/usr/local/libexec/kletka/kletka"));
    machine(&format!("cp {} /srv/outer/bin/kletka", program.display()));
    machine("jail -q -c name=outer path=/srv/outer vnet mount.devfs persist children.max=1");
    machine(
        "jexec outer kletka jail -c name=inner path=/home/inner persist vnet mount.devfs host.hostname=in",
    );
    let outer = machine("jls -j outer jid");
    let want = format!("outer 0 /srv/outer\nouter.inner {} /srv/outer/home/inner\n", outer.trim());
    assert_eq!(machine("jls name parent path"), want);
    assert_eq!(machine("jexec outer.inner hostname"), "in\n");
    machine("jail -q -r outer");
    assert_eq!(machine("jls name"), "");
    machine("rm -r /srv/outer");
}
