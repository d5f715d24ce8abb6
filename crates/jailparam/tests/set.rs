//! Jails as an administrator writes them, and the values or messages of their parameters.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its case has failed")]

use std::path::Path;

use jailconf::Config;
use jailparam::{CATALOGUE, Jailsys, Kind, Set, Value, find, param};

/// Imports the jail `web` with these parameters; answers the set, or the messages.
fn import(parameters: &str) -> Result<Set, Vec<String>> {
    let config =
        Config::parse(Path::new("jail.conf"), format!("web {{ {parameters} }}").as_bytes())
            .unwrap();
    let jail = config.expand(b"web").unwrap();
    Set::import(&jail).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

#[test]
#[rustfmt::skip]
fn messages() {
    for (parameters, want) in [
        ("pth = /a;",                   "web: unknown parameter: pth; did you mean path?"),
        ("something.else;",             "web: unknown parameter: something.else; jail.conf(5) lists all of them"),
        ("nopath;",                     "web: unknown parameter: nopath; did you mean path?"),
        ("hostname = web;",             "web: unknown parameter: hostname; did you mean host.hostname?"),
        ("alow.mount;",                 "web: unknown parameter: alow.mount; did you mean allow.mount?"),
        ("exec.sotp = /bin/true;",      "web: unknown parameter: exec.sotp; did you mean exec.stop?"),
        ("vnet.interfaces = e0b;",      "web: unknown parameter: vnet.interfaces; did you mean vnet.interface?"),
        ("allow.mount.nozsf;",          "web: unknown parameter: allow.mount.nozsf; did you mean allow.mount.nozfs?"),
        ("addr = 10.0.0.1;",            "web: unknown parameter: addr; jail.conf(5) lists all of them"),  // of ip4 or of ip6?
        ("persist = maybe;",            "web: persist: unknown boolean value \"maybe\"; use true or false"),
        ("exec.clean = 1x;",            "web: exec.clean: unknown boolean value \"1x\"; use true or false"),
        ("enforce_statfs = high;",      "web: enforce_statfs: non-integer value \"high\"; use a number"),
        ("enforce_statfs = 3;",         "web: enforce_statfs: 3 is out of range: 0 to 2"),
        ("stop.timeout = \"\";",        "web: stop.timeout: non-integer value \"\"; use a number"),
        ("vnet = maybe;",               "web: vnet: unknown jailsys value \"maybe\"; use new or inherit"),
        ("vnet = disable;",             "web: vnet: \"disable\" is not supported: `new` is a network namespace, `inherit` the host's; use new or inherit"),
        ("dying;",                      "web: dying: read-only parameter; jls(8) shows its value"),
        ("children.max = 1001;",        "web: children.max: 1001 is out of range: 0 to 1000"),
        ("allow.setaudit;",             "web: allow.setaudit: Linux audits the host as a whole"),
        ("meta. = me;",                 "web: unknown parameter: meta.; did you mean meta?"),
        ("mac.do.rules = 'uid=1>uid=0';", "web: mac.do.rules: Linux has no mac_do(4): use sudo or doas in the jail"),
        ("allow.vmm_ppt;",              "web: allow.vmm_ppt: it would hand the host's hardware to the jail"),
        // kern_jail_set(): addresses of the host's, together with any value of vnet.
        ("vnet; ip4 = inherit;",        "web: vnet jails cannot have IP address restrictions; give an interface of the jail its address by ifconfig in exec.start"),
        ("vnet = inherit; ip6 = disable;", "web: vnet jails cannot have IP address restrictions; give an interface of the jail its address by ifconfig in exec.start"),
        ("host.hostname = \"1234567890123456789012345678901234567890123456789012345678901234x\";",
                                        "web: host.hostname: longer than 64 bytes"),
    ] {
        assert_eq!(import(parameters), Err(vec![want.to_owned()]), "{parameters}");
    }
}

#[test]
fn all_errors_are_told() {
    let errors = import("pth = /; persist = 2x; allow.vmm_ppt;").unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:?}");
}

#[test]
fn an_error_knows_its_place() {
    let config =
        Config::parse(Path::new("jail.conf"), b"web {\n  persist;\n  pth = /;\n}").unwrap();
    let errors = Set::import(&config.expand(b"web").unwrap()).unwrap_err();
    assert_eq!(errors[0].place.to_string(), "jail.conf:3:3");
}

#[test]
#[rustfmt::skip]
fn values() {
    let bool = |value| Some(Value::Bool(value));
    let text = |value: &str| Some(Value::Text(value.into()));
    for (parameters, name, want) in [
        ("persist;",                    "persist",        bool(true)),
        ("persist; nopersist;",         "persist",        bool(false)),
        ("nopersist = false;",          "persist",        bool(true)),    // libjail: off, but not
        ("persist = TRUE;",             "persist",        bool(true)),
        ("persist = 0;",                "persist",        bool(false)),
        ("allow.noset_hostname;",       "allow.set_hostname", bool(false)),
        ("",                            "allow.set_hostname", bool(true)),
        ("allow.nosettime;",            "allow.settime",  bool(false)), 
        ("enforce_statfs = \" 1\";",    "enforce_statfs", Some(Value::Int(1))),
        ("enforce_statfs;",             "enforce_statfs", Some(Value::Int(0))),
        ("stop.timeout;",               "stop.timeout",   Some(Value::Int(10))), // jail(8): as if it were not there
        ("path = /a, /b;",              "path",           text("/b")),    // no list: the last one
        ("path;",                       "path",           text("")),
        ("exec.consolelog;",            "exec.consolelog", None),
        ("exec.start = a; exec.start += b;", "exec.start", Some(Value::List(vec![b"a".into(), b"b".into()]))),
        ("vnet;",                       "vnet",           Some(Value::Jailsys(Jailsys::New))),
        ("vnet = 2;",                   "vnet",           Some(Value::Jailsys(Jailsys::Inherit))),
        ("vnet;",                       "ip4",            Some(Value::Jailsys(Jailsys::Inherit))),
        ("",                            "ip4",            Some(Value::Jailsys(Jailsys::Disable))),
        ("vnet = inherit;",             "ip6",            Some(Value::Jailsys(Jailsys::Disable))),
        ("securelevel = -1;",           "securelevel",    Some(Value::Int(-1))),  // refused, but what it is anyway
        ("exec.fib = 0;",               "exec.fib",       Some(Value::Int(0))),
        ("allow.dying;",                "allow.dying",    bool(true)),    // jail(8) only warns
    ] {
        let parameter = find(name).unwrap().parameter;
        assert_eq!(import(parameters).unwrap().value(parameter), want, "{parameters} {name}");
    }
}

/// The example's jail: every parameter of it is supported, and `jls -n` shows those of the prison.
#[test]
fn the_samba_example() {
    let text = include_bytes!("../../../examples/samba-vlan/jail.conf");
    let config = Config::parse(Path::new("jail.conf"), text).unwrap();
    let set = Set::import(&config.expand(b"samba").unwrap()).unwrap();
    assert_eq!(set.list(param::VNET_INTERFACE), [b"epair1b"]);
    assert_eq!(set.list(param::EXEC_START).len(), 3);
    assert_eq!(set.text(param::EXEC_CONSOLELOG), Some(b"/var/log/jail/console_samba.log".to_vec()));
    let line = String::from_utf8(set.to_line(false)).unwrap();
    let start = "devfs_ruleset=0 nodying enforce_statfs=1 env=\"\" host=new ip4=inherit ip6=inherit jid=1 meta=\"\" name=samba";
    assert!(line.starts_with(start), "{line}");
    for word in [
        "vnet=new",
        "allow.raw_sockets",
        "allow.nochflags",
        "allow.mount.fdescfs",
        "allow.mount.nozfs",
        "ip4.addr=",
    ] {
        assert!(line.split(' ').any(|shown| shown == word), "{word} in {line}");
    }
    for pseudo in ["exec.clean", "mount.devfs", "vnet.interface"] {
        assert!(!line.contains(pseudo), "{pseudo} in {line}");
    }
}

#[test]
#[rustfmt::skip]
fn quotes_of_jls() {
    for (value, plain, quoted) in [
        ("a",       "path=a",       "path=a"),
        ("a b",     "path=a b",     "path=\"a b\""),
        ("it's",    "path=it's",    "path=\"it's\""),
        ("say \"",  "path=say \"",  "path='say \"'"),
        ("",        "path=\"\"",    "path=\"\""),
    ] {
        let mut set = import("").unwrap();
        set.put(param::PATH, value.into());
        for (quotes, want) in [(false, plain), (true, quoted)] {
            let line = String::from_utf8(set.to_line(quotes)).unwrap();
            assert!(line.contains(&format!(" {want} ")), "{want} in {line}");
        }
    }
}

#[test]
fn the_catalogue_is_sound() {
    for (index, parameter) in CATALOGUE.iter().enumerate() {
        let name = parameter.name;
        assert!(
            CATALOGUE[..index].iter().all(|earlier| earlier.name != name),
            "{name} stands there twice"
        );
        let texts = [parameter.about, parameter.support.reason()];
        assert!(
            texts.iter().all(|text| !text.is_empty() && !text.ends_with('.')),
            "{name}: no full stop"
        );
        let default = parameter.default.unwrap_or_default();
        let sound = match parameter.kind {
            Kind::Bool => matches!(default, "true" | "false"),
            Kind::Int(from, to) => {
                default.parse().map_or(default.is_empty(), |it| (from..=to).contains(&it))
            }
            Kind::Jailsys => matches!(default, "" | "disable" | "new" | "inherit"),
            Kind::Text(_) | Kind::List | Kind::Ip4List | Kind::Ip6List => true,
        };
        assert!(sound, "{name}: default {default}");
        let only = parameter.only;
        assert!(
            only.is_empty() || default.is_empty() || only.contains(&default),
            "{name}: {default} is one of {only:?}"
        );
    }
}
