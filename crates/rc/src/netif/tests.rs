//! The plans of `service netif`, each as lines that a reader compares with rc.conf.

use super::*;

fn cloner_of(name: &str) -> Option<Cloner> {
    match name {
        _ if name.contains('.') => Some(Cloner::Other),
        _ if name.starts_with("epair") => Some(Cloner::Epair),
        _ if ["bridge", "lagg", "vlan"].iter().any(|kind| name.starts_with(kind)) => {
            Some(Cloner::Other)
        }
        _ => None,
    }
}

fn owned(names: &str) -> Vec<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

/// Asks for a plan by this rc.conf.
fn with<T>(rc_conf: &str, ask: impl FnOnce(&Netif<'_>) -> T) -> T {
    let mut conf = RcConf::default();
    conf.read(rc_conf.as_bytes()).unwrap();
    ask(&Netif::new(&conf, cloner_of))
}

/// What `start NAMES` does with this rc.conf on a machine that has lo0 and re0.
fn start(rc_conf: &str, names: &str) -> Vec<String> {
    let plan = with(rc_conf, |netif| netif.start(&owned(names), &owned("lo0 re0")));
    let warn = |warning: &Warning| format!("! {warning}");
    let mut lines: Vec<String> = plan.warnings.iter().map(warn).collect();
    for cloned in &plan.cloned {
        lines.extend(cloned.warnings.iter().map(warn));
        lines.push(match &cloned.creation {
            Ok(creation) => creation.to_string(),
            Err(warning) => warn(warning),
        });
    }
    for interface in plan.cloned.iter().flat_map(|cloned| &cloned.interfaces) {
        lines.extend(interface.steps.iter().map(|step| match step {
            Step::Skip(warning) => format!("skip! {warning}"),
            Step::Fail(warning) => format!("fail! {warning}"),
            Step::Words { variable, .. } => format!("{} {step} <{variable}>", interface.name),
            step => format!("{} {step}", interface.name),
        }));
    }
    lines.extend(plan.routes.iter().map(|route| match route {
        Ok(DefaultRoute { variable, gateway, scope: Some(scope), .. }) => {
            format!("{variable} {gateway} at {scope}")
        }
        Ok(DefaultRoute { variable, gateway, .. }) => format!("{variable} {gateway}"),
        Err(warning) => warn(warning),
    }));
    lines.extend(plan.forwards.then(|| "forwards".to_owned()));
    lines
}

/// All is made before the first interface is configured: a bridge finds its members.
#[test]
fn a_whole_network() {
    let rc_conf = "\
cloned_interfaces='bridge1 epair0'
vlans_re0='7 office'
create_args_office='vlan 10'
ifconfig_bridge1='inet 10.0.0.1/24 addm epair0a'
ifconfig_bridge1_ipv6='inet6 fd00::1/64'
ifconfig_bridge1_alias0='inet 10.0.0.2/32'
ifconfig_bridge1_alias1='inet6 fd00::2/64 alias'
ifconfig_bridge1_alias3='inet 10.0.0.4/32'
ifconfig_bridge1_descr='for the jails'
ifconfig_re0_7=\"descr 'the lan' up\"
defaultrouter=10.0.0.254
ipv6_defaultrouter=fe80::1%bridge1
";
    let want = [
        "bridge1 create",
        "epair0 create",
        "re0.7 create",
        "vlan create vlandev re0 name office vlan 10",
        "bridge1 inet 10.0.0.1/24 addm epair0a <ifconfig_bridge1>",
        "bridge1 inet6 fd00::1/64 <ifconfig_bridge1_ipv6>",
        "bridge1 inet 10.0.0.2/32 alias <ifconfig_bridge1_alias0>",
        "bridge1 inet6 fd00::2/64 alias <ifconfig_bridge1_alias1>",
        "bridge1 description for the jails",
        "bridge1 up",
        "epair0a up",
        "epair0b up",
        "re0.7 descr the lan up <ifconfig_re0_7>",
        "re0.7 up",
        "office up",
        "defaultrouter 10.0.0.254",
        "ipv6_defaultrouter fe80::1 at bridge1",
    ];
    assert_eq!(start(rc_conf, ""), want);
}

#[test]
#[rustfmt::skip]
fn what_is_made() {
    for (rc_conf, names, want) in [
        ("",                                        "", &[][..]),
        ("cloned_interfaces='bridge1 epair0'",      "", &["bridge1 create", "epair0 create"]),
        ("cloned_interfaces='bridge1 epair0'",      "epair0", &["epair0 create"]),
        ("cloned_interfaces='bridge1 epair0'",      "epair0b", &["epair0 create"]),
        ("cloned_interfaces='bridge1 epair0'",      "re0", &[]),
        ("cloned_interfaces=bridge1 create_args_bridge1='mtu 1400'", "", &["bridge1 create mtu 1400"]),
        ("vlans_re0='7 8 7'",                       "", &["re0.7 create", "re0.8 create"]),
        ("vlans_re0=7 create_args_re0_7='vlanpcp 3'", "", &["re0.7 create vlanpcp 3"]),
        ("vlans_re0=vlan0 create_args_vlan0='vlan 9'", "", &["vlan0 create vlandev re0 vlan 9"]),
        ("cloned_interfaces=lagg0 vlans_lagg0=7",   "", &["lagg0 create", "lagg0.7 create"]),
        ("cloned_interfaces=epair0 vlans_epair0a=7", "", &["epair0 create", "epair0a.7 create"]),
        // There is no re1, and no re2.7 either; a variable that is empty asks for nothing.
        ("vlans_re1=7 vlans_re2_7=8 vlans_re3=",    "", &["! vlans_re1: there is no interface re1",
                                                          "! vlans_re2_7: there is no interface re2_7"]),
        ("vlans_re1=7",                             "re0", &[]),
        ("cloned_interfaces=bridge1 create_args_bridge1=\"descr 'x\"", "",
            &["! bridge1: a quote is not closed: descr 'x"]),
        ("vlans_re0=office create_args_office=\"descr 'x\"", "",
            &["! vlan: a quote is not closed: descr 'x"]),
        ("cloned_interfaces=bridge1 ifconfig_bridge1_name=lan ipv4_addrs_bridge1=10.0.0.1-3/24 ifconfig_re0_name=lan", "",
            &["! ifconfig_bridge1_name: not supported", "bridge1 create", "bridge1 inet 10.0.0.1/24 alias <ipv4_addrs_bridge1>",
              "bridge1 inet 10.0.0.2/32 alias <ipv4_addrs_bridge1>", "bridge1 inet 10.0.0.3/32 alias <ipv4_addrs_bridge1>"]),
        ("gateway_enable=YES",                      "", &["forwards"]),
        ("gateway_enable=YES",                      "bridge1", &[]),
        ("gateway_enable=maybe",                    "", &["! $gateway_enable is not set properly - see rc.conf(5)."]),
        ("ipv6_gateway_enable=YES",                 "",
            &["! ipv6_gateway_enable: not done here, as a host that forwards loses its routes of router advertisements: sysctl net.inet6.ip6.forwarding=1"]),
    ] {
        let mut got = start(rc_conf, names);
        got.retain(|line| !line.ends_with(" up"));
        assert_eq!(got, want, "{rc_conf} {names}");
    }
}

#[test]
#[rustfmt::skip]
fn how_it_is_configured() {
    for (rc_conf, want) in [
        ("",                                   &["bridge1 up"][..]),
        ("ifconfig_DEFAULT='mtu 1400'",        &["bridge1 mtu 1400 <ifconfig_DEFAULT>", "bridge1 up"]),
        ("ifconfig_DEFAULT='mtu 1400' ifconfig_bridge1='mtu 1300'",
                                               &["bridge1 mtu 1300 <ifconfig_bridge1>", "bridge1 up"]),
        ("ifconfig_bridge1=' '",               &["bridge1 up"]),
        ("ipv4_addrs_bridge1='10.0.0.1/24 10.0.1.x'", &["bridge1 inet 10.0.0.1/24 alias <ipv4_addrs_bridge1>",
                                                 "fail! ipv4_addrs_bridge1: 10.0.1.x: no address, or a range of too many", "bridge1 up"]),
        ("ifconfig_bridge1='dhcp up'",         &["skip! bridge1: dhcp: no DHCP client is started here: use the host's",
                                                 "bridge1 up <ifconfig_bridge1>", "bridge1 up"]),
        ("ifconfig_bridge1='SYNCDHCP NOAUTO'", &["skip! bridge1: SYNCDHCP: no DHCP client is started here: use the host's",
                                                 "bridge1 up"]),
        ("ifconfig_bridge1=\"descr 'x\"",      &["fail! bridge1: a quote is not closed: descr 'x", "bridge1 up"]),
    ] {
        let rc_conf = format!("cloned_interfaces=bridge1 {rc_conf}");
        assert_eq!(start(&rc_conf, "")[1..], *want, "{rc_conf}");
    }
}

#[test]
#[rustfmt::skip]
fn default_routes() {
    for (rc_conf, names, want) in [
        ("defaultrouter=NO ipv6_defaultrouter=no",   "", &[][..]),
        ("defaultrouter=10.0.0.254",                 "", &["defaultrouter 10.0.0.254"]),
        ("defaultrouter=10.0.0.254",                 "bridge1", &[]),
        ("ipv6_defaultrouter=fe80::1%re0",           "", &["ipv6_defaultrouter fe80::1 at re0"]),
        ("ipv6_defaultrouter=gate%re0 defaultrouter=fd00::1", "",
            &["defaultrouter fd00::1", "! ipv6_defaultrouter: gate%re0: bad address"]),
    ] {
        assert_eq!(start(rc_conf, names), want, "{rc_conf} {names}");
    }
}

/// Vlans are destroyed before what they are on.
#[test]
fn what_is_destroyed() {
    let rc_conf = "cloned_interfaces='bridge1 epair0' vlans_re0=7 vlans_epair0a=8";
    for (names, want, forgotten) in [
        ("", "epair0a.8; re0.7; epair0a epair0b; bridge1", true),
        ("epair0a", "epair0a epair0b", false),
        ("re0.7 bridge1", "re0.7; bridge1", false),
        ("re0", "", false),
    ] {
        let plan = with(rc_conf, |netif| netif.stop(&owned(names), &owned("lo0 re0")));
        let destroyed: Vec<String> = plan.destroyed.iter().map(|one| one.join(" ")).collect();
        assert_eq!((destroyed.join("; ").as_str(), plan.forgotten), (want, forgotten), "{names}");
    }
}

#[test]
#[rustfmt::skip]
fn what_is_left_alone() {
    let rc_conf = "cloned_interfaces=epair0 ifconfig_re0=up ifconfig_epair0a=up ifconfig_re7=up";
    for (names, refused, remarked) in [
        ("",               vec![], vec!["re0: left alone: it was not made by kletka"]),
        ("epair0 epair0b", vec![], vec![]),
        ("re0 re7",        vec!["re0: left alone: it was not made by kletka",
                                "re7: neither cloned_interfaces nor a vlans_IF of rc.conf names it"], vec![]),
    ] {
        let left = with(rc_conf, |netif| netif.left_alone(&owned(names), &owned("lo0 re0 epair0a")));
        let texts = |all: &[Warning]| all.iter().map(Warning::to_string).collect::<Vec<_>>();
        assert_eq!(texts(&left.refused), refused, "{names}");
        assert_eq!(texts(&left.remarked), remarked, "{names}");
    }
}
