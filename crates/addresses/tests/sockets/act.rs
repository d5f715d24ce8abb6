//! One call of a socket, in a control group: `VERB[+OPTION] PROTOCOL ADDRESS:PORT`. What comes out
//! is printed: an answer, or the name of an error.

use crate::place::ROOT_OF_C;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketType, accept, bind, connect, connect_unspec,
    getpeername, getsockname, ipproto, listen, recvfrom, send, sendto, socket, sockopt,
};
use std::fs;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

type Answer = Result<String, Errno>;

/// Makes the call, in the control group that this file is of.
pub(crate) fn run(group: &str, words: &[&str]) {
    let join = || {
        if !group.is_empty() {
            fs::write(group, std::process::id().to_string()).unwrap();
        }
    };
    // What a process brings along was made outside, and is held to nothing.
    let brought = match words {
        ["brings", _, sockets @ ..] => Some(listeners(&sockets.join(" "))),
        _ => None,
    };
    join();
    let answer = match words {
        ["brings", who, ..] => brought.unwrap().and_then(|sockets| serve(who, &sockets)),
        ["serve", who, sockets @ ..] => {
            listeners(&sockets.join(" ")).and_then(|sockets| serve(who, &sockets))
        }
        [verb, protocol, address] => call(verb, protocol, address.parse().unwrap()),
        _ => panic!("{words:?}"),
    };
    match answer {
        Ok(answer) => println!("{answer}"),
        Err(errno) => println!("{}", name(errno)),
    }
}

fn name(errno: Errno) -> String {
    let names = [
        (Errno::ACCESS, "EACCES"),
        (Errno::ADDRINUSE, "EADDRINUSE"),
        (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (Errno::AFNOSUPPORT, "EAFNOSUPPORT"),
        (Errno::CONNREFUSED, "ECONNREFUSED"),
        (Errno::INVAL, "EINVAL"),
        (Errno::PERM, "EPERM"),
        (Errno::PROTONOSUPPORT, "EPROTONOSUPPORT"),
        (Errno::AGAIN, "no answer"),
    ];
    let known = names.iter().find(|(known, _)| *known == errno);
    known.map_or_else(|| format!("{errno}"), |(_, name)| (*name).to_owned())
}

/// Makes a socket of a protocol such as `tcp4`, with the option behind a `+`.
fn make(protocol: &str) -> Result<OwnedFd, Errno> {
    let (protocol, option) = protocol.split_once('+').unwrap_or((protocol, ""));
    let (kind, family) = protocol.split_at(protocol.len() - 1);
    let family = if family == "4" { AddressFamily::INET } else { AddressFamily::INET6 };
    let (kind, number) = match kind {
        "tcp" => (SocketType::STREAM, None),
        "udp" => (SocketType::DGRAM, None),
        "raw" => (SocketType::RAW, Some(ipproto::ICMP)),
        "ping" => (SocketType::DGRAM, Some(ipproto::ICMP)),
        "mptcp" => (SocketType::STREAM, Some(ipproto::MPTCP)),
        "udplite" => (SocketType::DGRAM, Some(ipproto::UDPLITE)),
        other => panic!("{other}"),
    };
    let made = socket(family, kind, number)?;
    // What does not answer at all is not waited for.
    sockopt::set_socket_timeout(&made, sockopt::Timeout::Recv, Some(Duration::from_secs(1)))?;
    match option {
        "" | "again" | "sends" => {}
        "shared" => sockopt::set_socket_reuseaddr(&made, true)?,
        "v6only" => sockopt::set_ipv6_v6only(&made, true)?,
        "root" => rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(ROOT_OF_C))?,
        other => panic!("{other}"),
    }
    Ok(made)
}

fn local(socket: &OwnedFd) -> Result<SocketAddr, Errno> {
    SocketAddr::try_from(getsockname(socket)?)
}

fn call(verb: &str, protocol: &str, address: SocketAddr) -> Answer {
    let (verb, option) = verb.split_once('+').unwrap_or((verb, ""));
    if option == "user" {
        rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(1000))?;
    }
    let first = make(protocol)?;
    match verb {
        "bind" => {
            if option == "freebind" {
                sockopt::set_ip_freebind(&first, true)?;
            }
            bind(&first, &address)?;
            Ok(local(&first)?.to_string())
        }
        "twice" => {
            let second = make(protocol)?;
            for one in [&first, &second] {
                sockopt::set_socket_reuseport(one, option == "reuseport")?;
                bind(one, &address)?;
                listen(one, 8)?;
            }
            Ok("both".to_owned())
        }
        "again" => {
            let mut socket = first;
            for _ in 0..3 {
                bind(&socket, &address)?;
                listen(&socket, 8)?;
                // The old one is closed only when it is replaced, so a new one must wait for that.
                drop(socket);
                socket = make(protocol)?;
            }
            Ok("three times".to_owned())
        }
        "rebind" => {
            bind(&first, &address)?;
            bind(&first, &SocketAddr::new(address.ip(), address.port() + 1))?;
            Ok("twice".to_owned())
        }
        "close" => close(first, option, protocol, address),
        "found" => {
            bind(&first, &"0.0.0.0:0".parse::<SocketAddr>().unwrap())?;
            listen(&first, 8)?;
            connect(&make(protocol)?, &SocketAddr::new(address.ip(), local(&first)?.port()))?;
            Ok("found".to_owned())
        }
        "from" => {
            if option == "six" {
                bind(&first, &"[2001:db8::1]:0".parse::<SocketAddr>().unwrap())?;
            }
            if option == "any" {
                bind(&first, &"0.0.0.0:0".parse::<SocketAddr>().unwrap())?;
            }
            if option == "bound" {
                bind(&first, &"192.0.2.2:0".parse::<SocketAddr>().unwrap())?;
            }
            connect(&first, &address)?;
            Ok(local(&first)?.ip().to_string())
        }
        "ask" => ask(&first, option, protocol.starts_with("tcp"), address),
        other => panic!("{other}"),
    }
}

/// Closes a bound socket at some point of its life, or ends with it.
fn close(socket: OwnedFd, when: &str, protocol: &str, address: SocketAddr) -> Answer {
    bind(&socket, &address)?;
    match when {
        "bound" => {}
        "disconnected" => connect_unspec(&socket)?,
        "rebound" => {
            listen(&socket, 8)?;
            connect_unspec(&socket)?;
            bind(&socket, &SocketAddr::new(address.ip(), address.port() + 1))?;
        }
        "refused" => assert_eq!(bind(&make(protocol)?, &address), Err(Errno::ADDRINUSE)),
        "connects" => connect(&socket, &"192.0.2.3:80".parse::<SocketAddr>().unwrap())?,
        _ => listen(&socket, 8)?,
    }
    match when {
        "relistened" => {
            connect_unspec(&socket)?;
            listen(&socket, 8)?;
        }
        "ended" => connect_unspec(&socket)?,
        "accepted" => {
            let client = make(protocol)?;
            connect(&client, &"192.0.2.1:8100".parse::<SocketAddr>().unwrap())?;
            let accepted = accept(&socket)?;
            drop(socket);
            drop((client, accepted));
            return Ok("closed".to_owned());
        }
        "copied" => drop(socket.try_clone().unwrap()),
        "killed" => {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::KILL)?;
        }
        _ => {}
    }
    drop(socket);
    Ok("closed".to_owned())
}

/// Asks who is there.
fn ask(socket: &OwnedFd, option: &str, is_stream: bool, address: SocketAddr) -> Answer {
    if is_stream || option == "connected" {
        connect(socket, &address)?;
    }
    if !is_stream {
        match option {
            "connected" => send(socket, b"who", SendFlags::empty())?,
            _ => sendto(socket, b"who", SendFlags::empty(), &address)?,
        };
    }
    let mut buffer = [0; 100];
    let (length, _, from) = recvfrom(socket, &mut buffer, RecvFlags::empty())?;
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    match from.filter(|_| !is_stream).map(SocketAddr::try_from).transpose()? {
        Some(from) if from != address => Ok(format!("{text} from {from}")),
        _ => Ok(text),
    }
}

/// Sockets that listen, each with whether it is for connections.
fn listeners(sockets: &str) -> Result<Vec<(OwnedFd, bool)>, Errno> {
    let mut listening = Vec::new();
    for one in sockets.split(", ") {
        let (protocol, address) = one.split_once(' ').unwrap();
        let socket = make(protocol)?;
        let is_stream = protocol.starts_with("tcp");
        let address: SocketAddr = address.parse().unwrap();
        // What is asked to be bound nowhere is not bound at all.
        if address.port() != 0 {
            bind(&socket, &address)?;
        }
        if is_stream {
            listen(&socket, 64)?;
        }
        if protocol.ends_with("+again") {
            connect_unspec(&socket)?;
            listen(&socket, 64)?;
        }
        if protocol.ends_with("+sends") {
            let peer: SocketAddr = "192.0.2.100:9".parse().unwrap();
            sendto(&socket, b"here", SendFlags::empty(), &peer)?;
        }
        listening.push((socket, is_stream));
    }
    Ok(listening)
}

/// Listens on all the sockets, and tells whoever asks who this is, until the input ends.
fn serve(who: &str, listening: &[(OwnedFd, bool)]) -> Answer {
    println!("listens");
    let input = std::io::stdin();
    loop {
        let mut ready: Vec<PollFd<'_>> =
            listening.iter().map(|(socket, _)| PollFd::new(socket, PollFlags::IN)).collect();
        ready.push(PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN));
        poll(&mut ready, None)?;
        if ready.last().is_some_and(|input| !input.revents().is_empty()) {
            std::process::exit(0);
        }
        let ready: Vec<bool> = ready.iter().map(|one| !one.revents().is_empty()).collect();
        for ((socket, is_stream), _) in listening.iter().zip(ready).filter(|(_, ready)| *ready) {
            if *is_stream {
                let accepted = accept(socket)?;
                getpeername(&accepted)?;
                let text = format!("{who} at {}", local(&accepted)?);
                send(&accepted, text.as_bytes(), SendFlags::empty())?;
            } else {
                let (_, _, from) = recvfrom(socket, &mut [0u8; 100][..], RecvFlags::empty())?;
                sendto(socket, who.as_bytes(), SendFlags::empty(), &from.unwrap())?;
            }
        }
    }
}
