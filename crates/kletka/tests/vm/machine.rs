//! A jail on the machine itself, as its administrator has it: `/` on ext4 and shared, cgroup v2 alone.

use std::fs;
use std::path::Path;

use crate::sandbox::Sandbox;

/// Runs `line` in the mount namespace of the machine and not in that of the sandbox, whose programs and
/// registry it uses by their places in /proc.
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

    // Its control group has its processes, and is all that they see.
    let cgroup = machine("ls -d /sys/fs/cgroup/kletka/1.*");
    assert!(machine(&format!("cat {}/cgroup.procs", cgroup.trim())).lines().count() >= 1);
    assert_eq!(machine("jexec web cat /proc/self/cgroup"), "0::/\n");

    machine("jail -q -r web");
    assert!(!Path::new(cgroup.trim()).exists());
    assert!(!Path::new("/sys/fs/cgroup/kletka").exists());
    assert_eq!(machine("jls name"), "");
    assert_eq!(mounts(), before);
    machine("rm -r /srv/web");
}
