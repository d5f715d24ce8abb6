//! devfs(8) and `service devfs`.

use crate::sandbox::Sandbox;

#[test]
#[rustfmt::skip]
fn rulesets_are_shown() {
    let Some(sandbox) = Sandbox::new() else { return };
    // The rules of the article.
    sandbox.write("/etc/devfs.rules", "\
[devfsrules_jail_zvol=11]
add include $devfsrules_hide_all
add include $devfsrules_jail
add path 'zvol/over8k/volgames*' unhide mode 660 group operator9
");
    let rows = [
        ("service devfs restart",       1, "", "devfs rule: /etc/devfs.rules:4: error converting to integer: operator9\n\
            /etc/rc.d/devfs: WARNING: devfs_init_rulesets: could not read rules from /etc/devfs.rules\n"),
        ("sed -i 's/operator9/disk/' /etc/devfs.rules", 0, "", ""),
        ("service devfs restart",       0, "", ""),
        ("devfs rule showsets",         0, "1\n2\n3\n4\n5\n11\n", ""),
        ("devfs rule -s 11 show",       0, "100 include 1\n200 include 4\n300 path zvol/over8k/volgames* unhide group disk mode 660\n", ""),
        ("devfs rule -s 11 show 200",   0, "200 include 4\n", ""),
        ("devfs rule show",             0, "", ""), // ruleset 0
        ("devfs rule -s 12 show",       0, "", ""),
        ("devfs rule -s 11 add hide",   1, "", "devfs rule: add: not supported; write the rules into /etc/devfs.rules\n"),
        ("devfs rule -s x show",        1, "", "devfs rule: error converting to number: x\n"),
        ("devfs rule list",             1, "", "devfs rule: unknown command: list\n"),
        ("devfs ruleset 4",             1, "", "devfs: ruleset: not supported; a jail's ruleset is its devfs_ruleset\n"),
        ("echo devfs_system_ruleset=mine > /etc/rc.conf; service devfs restart", 1, "",
            "/etc/rc.d/devfs: ERROR: $devfs_system_ruleset is not supported; remove it from rc.conf\n"),
    ];
    for (line, status, stdout, stderr) in rows {
        let done = sandbox.run(line);
        assert_eq!((done.status, &*done.stdout, &*done.stderr), (status, stdout, stderr), "{line}");
    }
}
