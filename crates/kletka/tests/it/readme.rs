//! The README's jail and commands work as they are written.

use crate::sandbox::Sandbox;

/// Answers the block of code of this `kind` in README.md.
fn block(kind: &str) -> String {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once(&format!("```{kind}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_jail_of_the_readme() {
    let Some(sandbox) = Sandbox::new() else { return };
    let jail_conf = block("jail.conf");
    assert!(jail_conf.lines().count() <= 15, "a jail in fifteen lines");
    // The VLAN is replaced by re0 itself, as not every kernel can make a VLAN.
    sandbox.write("/etc/jail.conf", jail_conf.replace("re0.7", "re0"));
    sandbox.ok("ip link add re0 type veth peer name lan0");
    // Busybox and an rc that starts nothing take the place of a base from the network.
    sandbox.root("/home/jails/samba");
    for script in ["rc", "rc.shutdown"] {
        sandbox.write(
            format!("/home/jails/samba/etc/{script}"),
            format!("echo {script}\nsleep 100 &\n"),
        );
    }
    let lines = block("console");
    let typed: Vec<&str> = lines.lines().filter_map(|line| line.strip_prefix("# ")).collect();
    let (bootstrap, commands) = typed.split_first().unwrap();
    assert!(bootstrap.starts_with("kletka bootstrap"), "{bootstrap}");
    for line in commands {
        let said = sandbox.ok(line);
        if *line == "jls" {
            assert!(said.contains("samba.local"), "{said}");
        }
    }
    sandbox.ok("ip link delete re0");
    sandbox.check();
}
