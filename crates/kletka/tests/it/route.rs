//! route(8) on the kernel, with FreeBSD's words and messages.

use crate::sandbox::Sandbox;
use crate::session;

#[test]
fn add_change_get_delete() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1a up; ifconfig epair1b 192.168.1.240/24");
    session::check(
        &sandbox,
        "\
$ route add default 192.168.1.250
add net default: gateway 192.168.1.250
$ route -n get default
   route to: default
destination: default
       mask: default
    gateway: 192.168.1.250
        fib: 0
  interface: epair1b
      flags: <UP,GATEWAY,DONE,STATIC>
 recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire
       0         0         0         0      1500         1         0\u{20}
$ route get 192.168.1.3 | grep -e destination -e mask -e flags
destination: 192.168.1.0
       mask: 255.255.255.0
      flags: <UP,DONE,PINNED>
$ route change default 192.168.1.251
change net default: gateway 192.168.1.251
$ route get 8.8.8.8 | grep gateway
    gateway: 192.168.1.251
$ route add -net 10.0.0.0/8 192.168.1.250
add net 10.0.0.0: gateway 192.168.1.250
$ route add -net 10.0.0.0 -netmask 255.0.0.0 192.168.1.250
add net 10.0.0.0: gateway 192.168.1.250 fib 0: route already in table
route: message indicates error: File exists
[1]
$ route add -host 10.0.0.5 -iface epair1b
add host 10.0.0.5: gateway epair1b
$ route get 10.0.0.5 | grep flags
      flags: <UP,HOST,DONE,STATIC>
$ route add -net 172.16.0.0/12 127.0.0.1 -blackhole
add net 172.16.0.0: gateway 127.0.0.1
$ route get 172.16.0.1 | grep flags
      flags: <UP,DONE,STATIC,BLACKHOLE>
$ route add -host 10.0.0.6 127.0.0.1 -reject
add host 10.0.0.6: gateway 127.0.0.1
$ route get 10.0.0.6 | grep flags
      flags: <UP,HOST,REJECT,DONE,STATIC>
$ route delete 10.0.0.6
delete host 10.0.0.6
$ route delete 10.0.0.5
delete host 10.0.0.5
$ route delete -net 10.0.0.0/8 192.168.1.250
delete net 10.0.0.0: gateway 192.168.1.250
$ route delete default
delete net default
$ ifconfig epair1a destroy
",
    );
}

#[test]
fn inet6() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1a up; ifconfig epair1b inet6 fd00::5/64");
    session::check(
        &sandbox,
        "\
$ route -6 add default fd00::1
add net default: gateway fd00::1
$ route add -inet6 fd01::/48 fe80::1%epair1b
add net fd01::: gateway fe80::1%epair1b
$ route -6 get fd01::5 | grep -e mask -e gateway
       mask: ffff:ffff:ffff::
    gateway: fe80::1
$ route delete -inet6 default
delete net default
$ route -6 get default
route: route has not been found
[1]
$ ifconfig epair1a destroy
",
    );
}

#[test]
fn what_is_refused() {
    let Some(sandbox) = Sandbox::new() else { return };
    session::check(
        &sandbox,
        "\
$ route add default 10.0.0.1
add net default: gateway 10.0.0.1 fib 0: Network is unreachable
route: message indicates error: Network is unreachable
[1]
$ route delete default
delete net default fib 0: not in table
route: route has not been found
[1]
$ route -q delete default
[1]
$ route get default
route: route has not been found
[1]
$ route add default gateway.example.org
route: bad address: gateway.example.org
[68]
$ route add -net 10.0.0.0/8 -iface epair9a
route: bad address: epair9a
[68]
$ route monitor
route: monitor: this part of FreeBSD's route is not supported
[64]
$ route -j nosuch add default 10.0.0.1
route: jail \"nosuch\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ route --help 2>/dev/null | head -n 1
usage: route [-j jail] [-46nq] command [[modifiers] args]
$ route --help | grep -e reject
  -reject                   Packets are refused: the sender is told
$ route put
route: bad keyword: put
route: usage: route [-j jail] [-46nq] command [[modifiers] args]
[64]
",
    );
}

/// `flush` deletes routes through a gateway, and keeps routes to the link.
#[test]
fn flush() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1a up; ifconfig epair1b 192.168.1.240/24");
    sandbox.ok("ifconfig epair1b inet6 fd00::5/64");
    session::check(
        &sandbox,
        "\
$ route -q add default 192.168.1.1
$ route -q add 10.0.0.0/8 192.168.1.2
$ route -q -6 add default fd00::1
$ route -n flush -inet
default              192.168.1.1          done
10.0.0.0/8           192.168.1.2          done
$ route -n flush
default              fd00::1              done
$ route flush
$ route get 192.168.1.9 | grep interface
  interface: epair1b
$ route add default 192.168.1.1 -fib 0
add net default: gateway 192.168.1.1
$ route add 10.0.0.0/8 192.168.1.2 -fib 16
route: invalid fib number: 16
[64]
$ ifconfig epair1a destroy
",
    );
}

/// `-j`: the table of a jail, from the host.
#[test]
fn of_a_jail() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("ifconfig epair1 create up");
    sandbox.ok("jail -q -c name=web path=/home/jails/web vnet vnet.interface=epair1b persist");
    session::check(
        &sandbox,
        "\
$ ifconfig -j web epair1b 192.168.1.240/24 up
$ route -j web add default 192.168.1.1
add net default: gateway 192.168.1.1
$ route -j web -n get default | grep -e gateway -e interface
    gateway: 192.168.1.1
  interface: epair1b
$ route get default
route: route has not been found
[1]
$ netstat -j web -rn -4
Routing tables

Internet:
Destination        Gateway            Flags         Netif Expire
default            192.168.1.1        UGS         epair1b
192.168.1.0/24     link#3             U           epair1b
$ jail -q -r web
$ ifconfig epair1a destroy
",
    );
}
