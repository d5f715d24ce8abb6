//! netstat(1), arp(8) and ndp(8) on the kernel, in FreeBSD's form.

use crate::sandbox::Sandbox;
use crate::session;

#[test]
fn the_routing_table() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1a up; ifconfig epair1b 192.168.1.240/24");
    sandbox.ok("ifconfig epair1b inet6 fd00::5/64; route -q add default 192.168.1.250");
    sandbox
        .ok("route -q add 10.0.0.5 192.168.1.1; route -q add 172.16.0.0/12 127.0.0.1 -blackhole");
    sandbox.ok("route -q -6 add default fe80::1%epair1b");
    session::check(
        &sandbox,
        "\
$ netstat -rn -f inet
Routing tables

Internet:
Destination        Gateway            Flags         Netif Expire
default            192.168.1.250      UGS         epair1b
10.0.0.5           192.168.1.1        UGHS        epair1b
172.16.0.0/12      link#1             USB             lo0
192.168.1.0/24     link#3             U           epair1b
$ netstat -6rn | grep -v ^fe80
Routing tables

Internet6:
Destination                       Gateway                       Flags         Netif Expire
default                           fe80::1%epair1b               UGS         epair1b
fd00::/64                         link#3                        U           epair1b
$ route -q -6 add 2001:db8:1111:2222:3333:4444:5555:6666 fd00::1111:2222:3333:4444; netstat -6rn | grep ^2001
2001:db8:1111:2222:3333:4444:5555:6666 fd00::1111:2222:3333:4444 UGHS       epair1b
$ netstat -rn | grep Internet
Internet:
Internet6:
$ netstat -an
netstat: sockets are not shown here: say -r or -i, or ask ss(8)
[1]
$ netstat -rn -j nosuch
netstat: jail \"nosuch\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ ifconfig epair1a destroy
",
    );
}

#[test]
fn interfaces_and_what_went_through_them() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1b ether 02:00:5e:00:00:01; \
         ifconfig epair1b 10.0.0.1/24 down");
    session::check(
        &sandbox,
        "\
$ netstat -in -I epair1b
Name       Mtu Network       Address              Ipkts Ierrs Idrop    Opkts Oerrs  Coll
epair1b*  1500 <Link#3>      02:00:5e:00:00:01        0     0     0        0     0     0
epair1b*     - 10.0.0.0/24   10.0.0.1                 -     -     -        -     -     -
$ ifconfig epair1a inet6 no_dad fd00::1/128 up; ifconfig epair1a inet6 fe80::1/64
$ netstat -i -f inet6 -I epair1a | grep -e fd00 -e fe80::1% | awk '{ print $3, $4 }' | sort
fd00::1/128 fd00::1
fe80::%epair1 fe80::1%epair1a
$ ifconfig epair1a inet6 2001:db8:1111:2222:3333:4444:5555:6666/64
$ netstat -i -6 -I epair1a | grep -e Name -e 2001
Name      Mtu Network       Address              Ipkts Ierrs Idrop    Opkts Oerrs  Coll
epair1a     - 2001:db8:1111 2001:db8:1111:222        -     -     -        -     -     -
$ netstat -i -W -I epair1a -6 | grep -e Name -e 2001 -e fe80::1%
Name      Mtu Network                  Address                                    Ipkts Ierrs Idrop    Opkts Oerrs  Coll
epair1a     - 2001:db8:1111:2222::/64  2001:db8:1111:2222:3333:4444:5555:6666         -     -     -        -     -     -
epair1a     - fe80::%epair1a/64        fe80::1%epair1a                                -     -     -        -     -     -
$ netstat -iW -I epair1b
Name       Mtu Network            Address              Ipkts Ierrs Idrop    Opkts Oerrs  Coll
epair1b*  1500 <Link#3>           02:00:5e:00:00:01        0     0     0        0     0     0
epair1b*     - 10.0.0.0/24        10.0.0.1                 -     -     -        -     -     -
$ netstat -ia
netstat: -a: not supported with -i: ip maddress shows the multicast addresses
[1]
$ ifconfig lo0 inet6 ifdisabled
$ busybox ping -c 1 127.0.0.1 > /dev/null; netstat -ib -I lo0
Name    Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll
lo0   65536 <Link#1>      lo0                      2     0     0        168        2     0        168     0
lo0       - 127.0.0.0/8   127.0.0.1                -     -     -          -        -     -          -     -
$ netstat -I epair9
netstat: interface epair9 does not exist
[1]
$ netstat -i -f inet -I epair1b -d
Name       Mtu Network       Address              Ipkts Ierrs Idrop    Opkts Oerrs  Coll  Drop
epair1b*     - 10.0.0.0/24   10.0.0.1                 -     -     -        -     -     -     -
$ ifconfig epair1a destroy
",
    );
}

#[test]
fn who_is_on_the_link() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.ok("ifconfig epair1 create; ifconfig epair1a up; ifconfig epair1b 10.0.0.1/24 up");
    sandbox.ok("ifconfig epair1b inet6 fd00::1/64");
    sandbox.ok("ip neighbour add 10.0.0.2 lladdr 02:00:5e:00:00:02 nud permanent dev epair1b");
    sandbox.ok("ip neighbour add 10.0.0.3 lladdr 02:00:5e:00:00:03 nud reachable dev epair1b");
    sandbox.ok("ip neighbour add fd00::2 lladdr 02:00:5e:00:00:02 nud permanent dev epair1b");
    sandbox.ok("ip neighbour add fd00::3 lladdr 02:00:5e:00:00:03 nud stale router dev epair1b");
    session::check(
        &sandbox,
        "\
$ arp -an | sed 's/in 1[12][0-9][0-9] /in 1200 /'
? (10.0.0.2) at 02:00:5e:00:00:02 on epair1b permanent [ethernet]
? (10.0.0.3) at 02:00:5e:00:00:03 on epair1b expires in 1200 seconds [ethernet]
$ arp -n 10.0.0.2
? (10.0.0.2) at 02:00:5e:00:00:02 on epair1b permanent [ethernet]
$ arp 10.0.0.9
10.0.0.9 (10.0.0.9) -- no entry
[1]
$ arp -an -i epair1a
$ arp -s 10.0.0.4 2:0:5e:0:0:4
$ arp -S 10.0.0.4 02:00:5e:00:00:05 temp
10.0.0.4 (10.0.0.4) deleted
$ arp -n 10.0.0.4 | cut -d' ' -f 1-6
? (10.0.0.4) at 02:00:5e:00:00:05 on epair1b
$ arp -s 10.0.0.5 auto pub
$ ip neighbour show proxy
10.0.0.5 dev epair1b proxy\u{20}
$ arp -d 10.0.0.5 pub
10.0.0.5 (10.0.0.5) deleted
$ arp -s 10.0.0.5 02:00:5e:00:00:05 pub
arp: 02:00:5e:00:00:05: not supported: on Linux what is published has the interface's own address: say auto
[1]
$ arp -d 10.0.0.2
10.0.0.2 (10.0.0.2) deleted
$ arp -d 10.0.0.2
arp: delete: cannot locate 10.0.0.2
[1]
$ arp -s 10.9.0.2 02:00:5e:00:00:02
arp: cannot intuit interface index and type for 10.9.0.2
[1]
$ arp -s 10.0.0.2 nonsense
arp: invalid Ethernet address 'nonsense'
[1]
$ arp -s 10.0.0.2 02:00:5e:00:00:02 reject
arp: reject: not supported on Linux: route(8) has -reject for the host 10.0.0.2
[1]
$ arp -d -a
10.0.0.3 (10.0.0.3) deleted
10.0.0.4 (10.0.0.4) deleted
$ ndp -an
Neighbor                             Linklayer Address  Netif Expire    S Flags
fd00::2                              02:00:5e:00:00:02 epair1b permanent R\u{20}
fd00::3                              02:00:5e:00:00:03 epair1b expired   S R
$ ndp -s fd00::4 02:00:5e:00:00:04; ndp -d fd00::4
fd00::4 (fd00::4) deleted
$ ndp -c
fd00::3 (fd00::3) deleted
$ ndp fd00::9
fd00::9 (fd00::9) -- no entry
[1]
$ ifconfig epair1a destroy
",
    );
}
