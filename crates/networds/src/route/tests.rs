//! Command lines of route(8), and the commands that they ask for.

use super::*;
use crate::word::Argument;

fn command(line: &str) -> Result<RouteCommand, String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    parse(&words).map_err(|error| error.to_string())
}

#[test]
#[rustfmt::skip]
fn routes() {
    use Verb::{Add, Change, Delete, Get};
    for (line, verb, destination, is_host, gateway) in [
        ("add default 192.168.1.250",               Add,    "0.0.0.0/0",      false, "192.168.1.250"),
        ("-n add default 192.168.1.250",            Add,    "0.0.0.0/0",      false, "192.168.1.250"),
        ("add -inet default 10.0.0.1",              Add,    "0.0.0.0/0",      false, "10.0.0.1"),
        ("-6 add default fd00::1",                  Add,    "::/0",           false, "fd00::1"),
        ("add -inet6 default fe80::1%epair1b",      Add,    "::/0",           false, "fe80::1%epair1b"),
        ("add -net 10.0.0.0/8 192.168.1.1",         Add,    "10.0.0.0/8",     false, "192.168.1.1"),
        ("add 10.0.0.0/8 192.168.1.1",              Add,    "10.0.0.0/8",     false, "192.168.1.1"),
        ("add -net 10.1.0.0 192.168.1.1",           Add,    "10.1.0.0/16",    false, "192.168.1.1"),
        ("add -net 10.0.0.0 192.168.1.1 255.255.0.0", Add,  "10.0.0.0/16",    false, "192.168.1.1"),
        ("add -net 10.0.0.0 -netmask 0xffff0000 192.168.1.1", Add, "10.0.0.0/16", false, "192.168.1.1"),
        ("add -net 128.32 10.0.0.1",                Add,    "128.32.0.0/16",  false, "10.0.0.1"), // route(8)
        ("add -net 128.32.130 10.0.0.1",            Add,    "128.32.130.0/24", false, "10.0.0.1"),
        ("add 128.32 10.0.0.1",                     Add,    "128.0.0.32/32",  true,  "10.0.0.1"),
        ("add 128.32.130 10.0.0.1",                 Add,    "128.32.0.130/32", true, "10.0.0.1"),
        ("add 192.168.64/20 10.0.0.1",              Add,    "192.168.64.0/20", false, "10.0.0.1"),
        ("add 10/8 10.0.0.1",                       Add,    "10.0.0.0/8",     false, "10.0.0.1"),
        ("add 10.0.0.5 192.168.1.1",                Add,    "10.0.0.5/32",    true,  "192.168.1.1"),
        ("add 192.168.9.0 192.168.1.1",             Add,    "192.168.9.0/24", false, "192.168.1.1"),
        ("add -host 10.0.0.0 192.168.1.1",          Add,    "10.0.0.0/32",    true,  "192.168.1.1"),
        ("add -host 10.0.0.5 -iface epair1b",       Add,    "10.0.0.5/32",    true,  "epair1b"),
        ("add -inet6 fd01:: -prefixlen 48 fd00::1", Add,    "fd01::/48",      false, "fd00::1"),
        ("add -inet6 fd01::/48 fd00::1",            Add,    "fd01::/48",      false, "fd00::1"),
        ("add -inet6 fd01::5 fd00::1",              Add,    "fd01::5/128",    true,  "fd00::1"),
        ("change default -gateway 10.0.0.2",        Change, "0.0.0.0/0",      false, "10.0.0.2"),
        ("delete default",                          Delete, "0.0.0.0/0",      false, ""),
        ("del -net 10.0.0.0/8",                     Delete, "10.0.0.0/8",     false, ""),
        ("-n get default",                          Get,    "0.0.0.0/0",      false, ""),
        ("show 10.0.0.5",                           Get,    "10.0.0.5/32",    true,  ""),
    ] {
        let got = command(line).unwrap();
        let prefix = format!("{}/{}", got.destination.address, got.destination.length);
        let through = got.gateway.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!((got.verb, prefix.as_str(), got.is_host, through.as_str()),
                   (verb, destination, is_host, gateway), "{line}");
    }
}

#[test]
fn tables() {
    for (words, want) in [
        ("", ""),
        ("-fib default", ""),
        ("-fib 3", "3"),
        ("-fib 1,4-6", "1 4 5 6"),
        ("-fib 1 -fib 0", "1 0"),
        ("-fib all", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"),
    ] {
        let got = command(&format!("add default 10.0.0.1 {words}")).unwrap();
        let fibs: Vec<String> = got.fibs.iter().map(ToString::to_string).collect();
        assert_eq!(fibs.join(" "), want, "{words}");
    }
}

#[test]
#[rustfmt::skip]
fn what_is_refused() {
    for (line, want, status) in [
        ("",                           "usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
        ("add",                        "usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
        ("-x add default 10.0.0.1",    "usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
        ("put default 10.0.0.1",       "bad keyword: put\nroute: usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
        ("add -fast default 10.0.0.1", "bad keyword: fast\nroute: usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
        ("monitor",                    "monitor: this part of FreeBSD's route is not supported", 64),
        ("add default 10.0.0.1 -fib 16", "invalid fib number: 16", 64),
        ("add default 10.0.0.1 -fib 0-16", "invalid fib number: 0-16", 64),
        ("add default 10.0.0.1 -fib 3-3", "invalid fib number: 3-3", 64),
        ("add default 10.0.0.1 -fib 1,,2", "invalid fib number: 1,,2", 64),
        ("add default 10.0.0.1 -fib", "usage: route [-j jail] [-46nq] command [[modifiers] args]", 64),
        ("add default router",         "bad address: router", 68),
        ("add fd00::/8 fd01::1",       "bad address: fd00::/8", 68),
        ("add 10.0.0.0/33 10.0.0.1",   "bad address: 10.0.0.0/33", 68),
        ("add -net 10.256 10.0.0.1",   "bad address: 10.256", 68),
        ("add 10.0.65536 10.0.0.1",    "bad address: 10.0.65536", 68),
        ("-6 add 10/8 fd00::1",        "bad address: 10/8", 68),
        ("-6 add default 10.0.0.1",    "bad address: 10.0.0.1", 68),
        ("add -net 10.0.0.0 10.0.0.1 255.0.255.0", "bad address: 255.0.255.0", 68),
    ] {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let error = parse(&words).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_status()), (want, status), "{line}");
    }
}

/// Every word takes as many words as its row says. Every refused word is refused.
#[test]
fn rows_say_what_the_parser_does() {
    let language = language();
    let sections = [&language.firsts, &language.sections[0]];
    for (at, entry) in sections
        .iter()
        .enumerate()
        .flat_map(|(at, part)| part.entries.iter().map(move |it| (at, it)))
    {
        for name in &entry.names {
            let before = if at == 0 { "" } else { "add default 10.0.0.1 " };
            let arguments: String = entry.arguments.iter().map(|it| sample(*it)).collect();
            let line = format!("{before}{name}{arguments}");
            if !entry.is_taken() {
                let want = format!("{name}: this part of FreeBSD's route is not supported");
                assert_eq!(command(&line), Err(want));
                continue;
            }
            // A family, mask or gateway other than the line's may not fit.
            let fits = command(&line).map_err(|error| error.starts_with("bad address"));
            assert!(matches!(fits, Ok(_) | Err(true)), "{line}: {:?}", command(&line));
            if at == 1 && !entry.arguments.is_empty() {
                let short = command(&format!("{before}{name}"));
                assert!(short.unwrap_err().starts_with("usage: "), "{line}");
            }
        }
    }
}

fn sample(argument: Argument) -> &'static str {
    match argument {
        Argument::Value("destination") => " default",
        Argument::Value("gateway" | "address") => " 10.0.0.1",
        Argument::Value("mask") => " 0.0.0.0",
        _ => " 0",
    }
}

#[test]
fn every_option_is_read() {
    for flag in language().flags {
        let value = if flag.argument.is_some() { "web" } else { "" };
        let line = format!("-{} {value} flush", flag.letter);
        assert!(command(&line).is_ok(), "{line}");
    }
}
