//! `kletka net guard`: a change that cuts the host off is undone, one that does not stays.

use crate::sandbox::Sandbox;

/// A host with re0, whose cable leads to its gateway 192.168.1.1, or fd00::1: the namespace `lan`.
fn host(gateway: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.ok("ip netns add lan && ip link add re0 type veth peer name lan0 netns lan");
    sandbox.ok("ip -n lan link set lan0 up && ip -n lan address add fd00::1/64 nodad dev lan0");
    sandbox.ok("ip -n lan address add 192.168.1.1/24 dev lan0");
    // An address that has to be proven unique first is none for the moment.
    sandbox.ok("ip link set re0 up && ip address add fd00::5/64 nodad dev re0");
    sandbox.ok("ifconfig re0 192.168.1.5/24 && ifconfig bridge7 create up");
    let family = if gateway.contains(':') { "-6" } else { "-4" };
    sandbox.ok(&format!("route -q {family} add default {gateway}"));
    Some(sandbox)
}

/// All that there is, but for what the kernel adds in its own time: RUNNING is noticed a little later.
fn state(sandbox: &Sandbox) -> String {
    sandbox.ok("ifconfig -a | grep -v -e 'inet6 fe80' -e member -e ifmaxaddr -e '^.id' -e '^.root id' | sed -e 's/ tentative//' -e 's/flags=[^ ]*<UP.*>/UP/'; \
                ip route; ip -6 route | grep -v -e fe80 -e ff00; bridge link show | grep -o 're0.*master.*state' || true")
}

fn end(sandbox: &Sandbox) {
    assert!(!sandbox.outside("/run/kletka/net-guard".as_ref()).exists());
    sandbox.ok(
        "ip link delete re0; ip link delete bridge7; ip netns delete lan; /bin/umount /run/netns",
    );
}

#[test]
fn a_host_that_is_cut_off_gets_its_network_back() {
    for gateway in ["192.168.1.1", "fd00::1"] {
        let Some(sandbox) = host(gateway) else { return };
        let before = state(&sandbox);
        for change in [
            // The classic: the address stays on the member of the bridge.
            "ifconfig bridge7 addm re0",
            "ifconfig re0 inet 192.168.1.5 delete; ifconfig re0 inet6 fd00::5 delete; ifconfig re0 10.0.0.1/24",
            "ifconfig re0 down; route -q add 10.0.0.0/8 192.168.1.1; ifconfig epair9 create",
            "ifconfig bridge0 create up addm re0; ifconfig re0 mtu 1400; ifconfig bridge7 destroy",
            "ip link set re0 down; ifconfig re0 name wan",
        ] {
            let done = sandbox.run(&format!("kletka net guard 0 sh -c '{change}' > /dev/null"));
            let want = "kletka: net guard: no sign of life within 0 s: undone\n";
            assert_eq!((done.stderr.as_str(), done.status), (want, 1), "{change}");
            assert_same(&state(&sandbox), &before, change);
        }
        end(&sandbox);
    }
}

/// The same lines, in whatever order: an interface that was made again comes last in the list.
#[track_caller]
fn assert_same(after: &str, before: &str, change: &str) {
    let lacks = |text: &str, from: &str| -> Vec<String> {
        let has = |line: &&str| !from.lines().any(|other| other == *line);
        text.lines().filter(has).map(str::to_owned).collect()
    };
    let (gone, new) = (lacks(before, after), lacks(after, before));
    assert!(gone.is_empty() && new.is_empty(), "{change}\ngone: {gone:#?}\nnew: {new:#?}");
}

#[test]
fn a_change_that_leaves_the_gateway_in_reach_stays() {
    for gateway in ["192.168.1.1", "fd00::1"] {
        let Some(sandbox) = host(gateway) else { return };
        let change = "ifconfig re0 descr uplink mtu 1400; exit 3";
        let done = sandbox.run(&format!("kletka net guard 20 sh -c '{change}'"));
        assert_eq!((done.stderr.as_str(), done.status), ("", 3));
        assert!(sandbox.ok("ifconfig re0").contains("mtu 1400"));
        end(&sandbox);
    }
}

#[test]
fn a_change_that_is_confirmed_stays() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    sandbox.ok("kletka net guard 50 ifconfig re0 inet 10.0.0.1/24 > /tmp/said 2>&1 & guard=$!; \
         until ifconfig re0 | grep -q 10.0.0.1; do :; done; \
         kletka net guard --confirm && wait $guard");
    assert!(sandbox.ok("ifconfig re0").contains("inet 10.0.0.1 "));
    let done = sandbox.run("kletka net guard --confirm");
    let want = "kletka: net guard: nothing waits to be confirmed\n";
    assert_eq!((done.stderr.as_str(), done.status), (want, 1));
    end(&sandbox);
}

#[test]
fn a_command_that_changes_nothing_is_only_run() {
    let Some(sandbox) = host("192.168.1.77") else { return };
    let done = sandbox.run("kletka net guard 50 sh -c 'echo hello; exit 4'");
    assert_eq!((done.stdout.as_str(), done.stderr.as_str(), done.status), ("hello\n", "", 4));
    let done = sandbox.run("kletka net guard 50 nosuch");
    assert_eq!(done.status, 127, "{}", done.stderr);
    let done = sandbox.run("kletka net guard soon true");
    assert_eq!(done.status, 1, "{}", done.stderr);
    end(&sandbox);
}

/// The terminal goes, and with it the guard that was started; the one that counts goes on.
#[test]
fn it_outlives_its_terminal() {
    let Some(sandbox) = host("192.168.1.1") else { return };
    let before = state(&sandbox);
    sandbox.ok("kletka net guard 1 ifconfig re0 down 2> /dev/null & guard=$!; \
         until ifconfig re0 | grep -q BROADCAST,SIMPLEX; do :; done; kill -HUP $guard");
    sandbox.ok("until ifconfig re0 | grep -q UP && ! test -e /run/kletka/net-guard; do :; done");
    sandbox.ok("while pidof kletka; do :; done");
    assert_same(&state(&sandbox), &before, "down");
    end(&sandbox);
}
