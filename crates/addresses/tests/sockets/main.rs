//! What sockets of jails do, call by call: three control groups are held to addresses of a
//! throw-away network, and beside them are the host and a machine on the wire. The jails are on the
//! host's network stack, or each of them has one: the same table holds for both means, and a row
//! says where they differ. Every process is this program, run again. Without root nothing is
//! tested.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test, without the harness that says so")]

mod act;
mod place;

use place::{Means, Place, Who};

/// One call: who makes it, the call in the words of [`act`], and what comes out: where the means
/// differ, on the host's stack, and behind ` | ` on a stack of the jail's.
type Row = (Who, &'static str, &'static str);

use Who::{A, B, C, Host, Wire};

/// Calls that need nobody else. A has 192.0.2.1, 192.0.2.2, 10.0.0.1 and 2001:db8::1; B has
/// 192.0.2.3 and 2001:db8::3; C has 192.0.2.4 alone. The host has 192.0.2.9 and 2001:db8::9 beside
/// all of these.
#[rustfmt::skip]
const ALONE: &[Row] = &[
    // bind(2): addresses of the jail's, and of others.
    (A, "bind tcp4 192.0.2.1:8080",            "192.0.2.1:8080"),
    (A, "bind tcp4 192.0.2.9:8080",            "EADDRNOTAVAIL"),
    (A, "bind tcp4 192.0.2.3:8080",            "EADDRNOTAVAIL"),
    (A, "bind tcp4 192.0.2.77:8080",           "EADDRNOTAVAIL"),
    (A, "bind udp4 192.0.2.9:8080",            "EADDRNOTAVAIL"),
    (A, "bind udp4 192.0.2.2:8080",            "192.0.2.2:8080"),
    (A, "bind tcp6 [2001:db8::1]:8080",        "[2001:db8::1]:8080"),
    (A, "bind tcp6 [2001:db8::9]:8080",        "EADDRNOTAVAIL"),
    (A, "bind tcp6 [::ffff:192.0.2.2]:8080",   "[::ffff:192.0.2.2]:8080"),
    (A, "bind tcp6 [::ffff:192.0.2.9]:8080",   "EADDRNOTAVAIL"),
    (A, "bind tcp6 [::ffff:127.0.0.1]:8080",   "[::ffff:192.0.2.1]:8080"),
    (A, "bind+freebind tcp4 192.0.2.77:8080",  "EADDRNOTAVAIL"),
    (A, "bind+freebind tcp4 192.0.2.9:8080",   "EADDRNOTAVAIL"),
    // All addresses: the only one, where there is one.
    (A, "bind tcp4 0.0.0.0:8080",              "0.0.0.0:8080"),
    (A, "bind udp4 0.0.0.0:8080",              "0.0.0.0:8080"),
    (C, "bind tcp4 0.0.0.0:8080",              "192.0.2.4:8080"),
    (C, "bind udp4 0.0.0.0:8080",              "192.0.2.4:8080"),
    (B, "bind tcp6 [::]:8080",                 "[::]:8080"),
    // The loopback is the jail's first address, and the rest of its network is nobody's.
    (A, "bind tcp4 127.0.0.1:8080",            "192.0.2.1:8080"),
    (A, "bind udp4 127.0.0.1:8080",            "192.0.2.1:8080"),
    (A, "bind tcp4 127.0.0.2:8080",            "EADDRNOTAVAIL"),
    (A, "bind tcp6 [::1]:8080",                "[2001:db8::1]:8080"),
    // A family without an address, and protocols that no program holds.
    (C, "bind tcp6 [::]:8080",                 "EAFNOSUPPORT"),
    (C, "bind udp6 [::]:8080",                 "EAFNOSUPPORT"),
    (A, "bind raw4 0.0.0.0:0",                 "EPERM"),
    (A, "bind ping4 0.0.0.0:0",                "EPERM"),
    (A, "bind udplite4 192.0.2.1:8080",        "EPROTONOSUPPORT"),
    (A, "bind mptcp4 192.0.2.1:8080",          "EPROTONOSUPPORT"),
    // Ports below 1024 are the jail's root's: 0 for A and B, nobody for C.
    (A, "bind tcp4 192.0.2.1:80",              "192.0.2.1:80"),
    (A, "bind udp4 192.0.2.1:80",              "192.0.2.1:80"),
    (A, "bind+user tcp4 192.0.2.1:80",         "EACCES"),
    (A, "bind+user udp4 192.0.2.1:80",         "EACCES"),
    (A, "bind+user tcp4 192.0.2.1:8080",       "192.0.2.1:8080"),
    (C, "bind tcp4 192.0.2.4:80",              "EACCES"),
    // A port twice.
    (A, "twice tcp4 0.0.0.0:81",               "EADDRINUSE"),
    (A, "twice tcp4 192.0.2.1:81",             "EADDRINUSE"),
    (A, "twice+reuseport tcp4 0.0.0.0:81",     "both"),
    (A, "twice+reuseport tcp6 [::]:81",        "both"),
    (A, "again tcp4 0.0.0.0:81",               "three times"),
    // connect(2): where from, and where to.
    (B, "from udp4 192.0.2.100:9",             "192.0.2.3"),
    (B, "from udp6 [2001:db8::100]:9",         "2001:db8::3"),
    (B, "from udp6 [::ffff:192.0.2.100]:9",    "::ffff:192.0.2.3"),
    (A, "from udp4 192.0.2.100:9",             "192.0.2.1"),
    (A, "from udp4 10.0.0.100:9",              "10.0.0.1"),
    (A, "from+bound udp4 192.0.2.100:9",       "192.0.2.2"),
    // Bound to all addresses and to no port, as resolvers do it.
    (A, "from+any udp4 192.0.2.100:9",         "192.0.2.1"),
    (A, "from+any udp4 127.0.0.1:9",           "192.0.2.1"),
    (C, "from+any udp4 192.0.2.100:9",         "192.0.2.4"),
    (A, "bind udp4 0.0.0.0:32767",             "0.0.0.0:32767"),
    (A, "bind udp4 0.0.0.0:32768",             "192.0.2.1:32768 | 0.0.0.0:32768"),
    (A, "found tcp4 192.0.2.1:0",              "found"),
    (A, "found tcp4 192.0.2.2:0",              "found"),
    (A, "found tcp4 192.0.2.9:0",              "ECONNREFUSED"),
    // An address of one family is no source for the other: the kernel would take 127.0.0.6.
    (A, "from+six udp6 [::ffff:192.0.2.9]:9",  "EADDRNOTAVAIL"),
    (A, "from+six tcp6 [::ffff:192.0.2.9]:9",  "EADDRNOTAVAIL"),
    // A bound socket stays where it is.
    (A, "rebind tcp4 0.0.0.0:81",              "EINVAL"),
    (A, "rebind udp4 0.0.0.0:81",              "EINVAL"),
    (A, "ask tcp4 192.0.2.9:7",                "ECONNREFUSED"),
    (A, "ask tcp4 127.0.0.2:7",                "ECONNREFUSED"),
    (A, "ask tcp4 127.0.0.53:53",              "ECONNREFUSED"),
    (A, "ask udp4 127.0.0.53:53",              "ECONNREFUSED"),
    (C, "ask tcp6 [::1]:7",                    "EAFNOSUPPORT"),
];

/// Everybody listens on one port, without any option, before these.
#[rustfmt::skip]
const SERVERS: &[(Who, &str)] = &[
    (Host, "tcp4 0.0.0.0:80, tcp6+v6only [::]:80, udp4+shared 127.0.0.53:54, udp4+shared 192.0.2.9:54, udp4+shared 0.0.0.0:5354"),
    (A,    "tcp4 0.0.0.0:80, tcp6+v6only [::]:80, udp4 0.0.0.0:53, udp4+shared 0.0.0.0:54"),
    (B,    "tcp6 [::]:80, udp4 0.0.0.0:5353, udp4+shared 192.0.2.3:5354"),
    // Sockets whose port the kernel has chosen: one that was disconnected, and one that has sent.
    (A,    "tcp4+again 0.0.0.0:0, tcp6+again [::]:0, tcp4+again 0.0.0.0:88, udp4+sends 0.0.0.0:0"),
    (C,    "udp4+shared 192.0.2.4:5400, tcp4+root 192.0.2.4:8000"),
    (A,    "udp4+shared 0.0.0.0:5400"),
];

#[rustfmt::skip]
const TOGETHER: &[(&[Who], &str, &str)] = &[
    (&[Host, Wire, A, B, C], "ask tcp4 192.0.2.1:80",             "A at 192.0.2.1:80"),
    (&[Host, Wire, A, B, C], "ask tcp4 192.0.2.2:80",             "A at 192.0.2.2:80"),
    (&[Host, Wire, A, B, C], "ask tcp4 192.0.2.3:80",             "B at [::ffff:192.0.2.3]:80"),
    (&[Host, Wire, A, B, C], "ask tcp4 192.0.2.4:80",             "Host at 192.0.2.4:80 | ECONNREFUSED"),
    (&[Host, Wire, A, B, C], "ask tcp4 192.0.2.9:80",             "Host at 192.0.2.9:80"),
    (&[Host, Wire, A, B],    "ask tcp6 [2001:db8::1]:80",         "A at [2001:db8::1]:80"),
    (&[Host, Wire, A, B],    "ask tcp6 [2001:db8::3]:80",         "B at [2001:db8::3]:80"),
    (&[Host, Wire, A, B],    "ask tcp6 [2001:db8::9]:80",         "Host at [2001:db8::9]:80"),
    (&[Host, Wire],          "ask tcp4 192.0.2.4:8000",           "C at 192.0.2.4:8000"),
    (&[A],                   "ask tcp4 127.0.0.1:80",             "A at 192.0.2.1:80"),
    (&[A],                   "ask tcp4 0.0.0.0:80",               "A at 192.0.2.1:80"),
    (&[A],                   "ask tcp6 [::1]:80",                 "A at [2001:db8::1]:80"),
    (&[A],                   "ask tcp6 [::ffff:192.0.2.3]:80",    "B at [::ffff:192.0.2.3]:80"),
    (&[Host],                "ask tcp4 127.0.0.1:80",             "Host at 127.0.0.1:80"),
    (&[Host, Wire, B],       "ask udp4 192.0.2.1:53",             "A"),
    // Who does not say from where it answers, answers from where the kernel would choose.
    (&[Host, B],             "ask udp4 192.0.2.2:53",             "A from 192.0.2.1:53"),
    // A jail's socket for all addresses gets what is for the jail's, and nothing else. Whoever is
    // bound to another address is still found; where nobody is, the datagram is lost.
    (&[Host, Wire, B],       "ask udp4 192.0.2.1:54",             "A"),
    (&[Host],                "ask udp4 127.0.0.53:54",            "Host"),
    (&[Host, Wire, A, B],    "ask udp4 192.0.2.9:54",             "Host"),
    (&[Host, Wire, A, B],    "ask udp4 192.0.2.4:5400",           "C"),
    (&[Wire],                "ask+connected udp4 192.0.2.9:53",   "no answer | ECONNREFUSED"),
    (&[A],                   "ask+connected udp4 192.0.2.4:53",   "no answer | ECONNREFUSED"),
    (&[Host, Wire, A],       "ask udp4 192.0.2.3:5353",           "B"),
    // A jail's socket for all addresses shares no port with the host; one for an address may.
    (&[A],                   "bind udp4+shared 0.0.0.0:5354",     "EADDRINUSE | 0.0.0.0:5354"),
    (&[A],                   "bind udp6+shared [::]:5354",        "EADDRINUSE | [::]:5354"),
    // Beside a socket of its own for IPv4, the one for IPv6 has the only address.
    (&[B],                   "bind udp6+shared [::]:5354",        "[2001:db8::3]:5354 | [::]:5354"),
    (&[A],                   "bind udp6+shared [::]:53",          "[2001:db8::1]:53 | EADDRINUSE"),
    (&[A],                   "bind udp6 [::]:5355",               "[::]:5355"),
    (&[A],                   "bind udp4+shared 0.0.0.0:54",       "0.0.0.0:54"),
    (&[B],                   "bind udp6+shared [::]:54",          "EADDRINUSE | [::]:54"),
    (&[Host],                "bind udp4+shared 0.0.0.0:53",       "EADDRINUSE | 0.0.0.0:53"),
    (&[Wire, Host, A],       "ask udp4 192.0.2.3:5354",           "B"),
    (&[Wire, Host],          "ask udp4 192.0.2.9:5354",           "Host from 192.0.2.1:5354 | Host"),
    // No port is free for another socket of the jail.
    (&[A],                   "twice tcp4 0.0.0.0:80",             "EADDRINUSE"),
];

/// The ends of sockets, after which nothing is counted for them.
#[rustfmt::skip]
const ENDS: &[(Who, &str, &str)] = &[
    (A, "close+bound tcp4 0.0.0.0:8100",             "closed"),
    (A, "close+bound tcp6 [::]:8100",                "closed"),
    (A, "close+bound tcp4 192.0.2.2:8100",           "closed"),
    (A, "close+bound tcp4 0.0.0.0:0",                "closed"),
    (A, "close+disconnected tcp4 0.0.0.0:8100",      "closed"),
    (A, "close+rebound tcp4 0.0.0.0:8100",           "closed"),
    (A, "close+rebound tcp6 [::]:8100",              "closed"),
    (A, "close+refused tcp4 0.0.0.0:8100",           "closed"),
    (A, "close+connects tcp4 192.0.2.1:8100",        "closed"),
    (A, "close+listening tcp4 0.0.0.0:8100",         "closed"),
    (A, "close+listening tcp6 [::]:8100",            "closed"),
    (A, "close+listening tcp4 0.0.0.0:0",            "closed"),
    (A, "close+relistened tcp4 0.0.0.0:8100",        "closed"),
    (A, "close+ended tcp4 0.0.0.0:8100",             "closed"),
    (A, "close+accepted tcp4 0.0.0.0:8100",          "closed"),
    (A, "close+copied tcp4 0.0.0.0:8100",            "closed"),
    (A, "close+killed tcp4 0.0.0.0:8100",            ""),
    (A, "twice+reuseport tcp4 0.0.0.0:8100",         "both"),
    (A, "close+bound udp4 0.0.0.0:8100",             "closed"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["inside", "shared"] => inside(Means::Shared),
        ["inside", "apart"] => inside(Means::Apart),
        ["cookie"] => place::print_cookie(),
        ["act", group, words @ ..] => act::run(group, words),
        _ if rustix::process::geteuid().is_root() => {
            place::outside("shared");
            place::outside("apart");
        }
        _ => println!("skipped: needs root"),
    }
}

/// Goes through the tables, in namespaces that end with this process.
fn inside(means: Means) {
    let mut place = Place::make(means);
    let mut wrong = Vec::new();
    let mut see = |place: &Place, who: Who, call: &str, want: &str| {
        let want = match (want.split_once(" | "), means) {
            (None, _) => want,
            (Some((shared, _)), Means::Shared) => shared,
            (Some((_, apart)), Means::Apart) => apart,
        };
        let got = place.ask(who, call);
        if got != want {
            wrong.push(format!("{who:?} {call}: {got}, not {want}"));
        }
    };
    for (who, call, want) in ALONE {
        see(&place, *who, call, want);
    }
    for (who, sockets) in SERVERS {
        place.serve(*who, sockets);
    }
    for (all, call, want) in TOGETHER {
        all.iter().for_each(|who| see(&place, *who, call, want));
    }
    if means == Means::Shared {
        on_the_hosts_stack(&mut place, &mut see);
    }
    place.end();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("test sockets of jails, {means:?} ... ok");
}

/// What only a stack that jails share can get wrong.
fn on_the_hosts_stack(place: &mut Place, mut see: impl FnMut(&Place, Who, &str, &str)) {
    // Nobody reaches a jail's socket by the port that the kernel has chosen for it.
    for port in place.hidden_ports("tcp", 7) {
        let call = format!("ask tcp4 192.0.2.9:{port}");
        see(place, Wire, &call, "ECONNREFUSED");
    }
    for port in place.hidden_ports("udp", 1) {
        let call = format!("ask+connected udp4 192.0.2.9:{port}");
        see(place, Wire, &call, "no answer");
        see(place, Wire, &format!("ask udp4 192.0.2.1:{port}"), "A");
    }
    see(place, Wire, "ask tcp4 192.0.2.1:88", "A at 192.0.2.1:88");
    // A jail's socket comes before the host's, whichever of the two is bound to the very address.
    place.serve(
        Host,
        "tcp4 192.0.2.1:82, tcp4 0.0.0.0:83, tcp4 192.0.2.3:84, tcp6 [2001:db8::1]:82",
    );
    place.serve(A, "tcp4 0.0.0.0:82, tcp4 192.0.2.1:83, tcp6+v6only [::]:82");
    for who in [Host, Wire, A, B] {
        see(place, who, "ask tcp4 192.0.2.1:82", "A at 192.0.2.1:82");
        see(place, who, "ask tcp4 192.0.2.1:83", "A at 192.0.2.1:83");
        see(place, who, "ask tcp4 192.0.2.2:83", "Host at 192.0.2.2:83");
        see(place, who, "ask tcp4 192.0.2.3:84", "Host at 192.0.2.3:84");
        see(place, who, "ask tcp6 [2001:db8::1]:82", "A at [2001:db8::1]:82");
    }
    // A socket that was made outside stays the host's: inherited, or passed in.
    place.bring(A, "tcp4 192.0.2.9:86, udp4 127.0.0.53:86, tcp4 0.0.0.0:87");
    see(place, Wire, "ask tcp4 192.0.2.9:86", "A at 192.0.2.9:86");
    see(place, Host, "ask udp4 127.0.0.53:86", "A");
    see(place, Wire, "ask tcp4 192.0.2.9:87", "A at 192.0.2.9:87");
    see(place, Wire, "ask tcp4 192.0.2.1:87", "A at 192.0.2.1:87");
    let counted = place.counted();
    for (who, call, want) in ENDS {
        see(place, *who, call, want);
        assert_eq!(place.counted(), counted, "{call}");
    }
    see(place, Wire, "ask tcp4 192.0.2.9:88", "ECONNREFUSED");
    // Where a jail does not listen any more, the host does.
    place.stop(A);
    see(place, Wire, "ask tcp4 192.0.2.1:80", "Host at 192.0.2.1:80");
    place.serve(A, "tcp4 0.0.0.0:80");
    see(place, Wire, "ask tcp4 192.0.2.1:80", "A at 192.0.2.1:80");
    // An address changes hands: new sockets and new connections follow.
    place.give(A, &["192.0.2.1"], &[]);
    see(place, Wire, "ask tcp4 192.0.2.2:80", "Host at 192.0.2.2:80");
    see(place, A, "bind tcp4 192.0.2.2:8080", "EADDRNOTAVAIL");
    place.give(B, &["192.0.2.3", "192.0.2.2"], &["2001:db8::3"]);
    see(place, Wire, "ask tcp4 192.0.2.2:80", "B at [::ffff:192.0.2.2]:80");
    [A, B, C].into_iter().for_each(|who| place.stop(who));
    assert_eq!(place.counted(), [0, 0]);
}
