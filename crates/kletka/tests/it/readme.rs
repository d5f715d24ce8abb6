//! The README's jail and the commands that it says to type: they work as written.

use crate::sandbox::Sandbox;

/// What README.md shows between a line of three backquotes with `kind` and the next one without.
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
    // The test machine has re0 and not its VLAN, which not every kernel can make.
    sandbox.write("/etc/jail.conf", jail_conf.replace("re0.7", "re0"));
    sandbox.ok("ip link add re0 type veth peer name lan0");
    // In place of a base from the network: busybox, and an rc that starts nothing.
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
