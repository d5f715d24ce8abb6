//! Jails on the host's network stack that have some of its addresses: ip4.addr, ip6.addr.

use crate::intrusion::perl;
use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a card whose other end, `wire`, is another machine; a root that serves a page.
fn machine(jail_conf: &str) -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/r");
    sandbox.write("/home/r/www/page", "jail\n");
    sandbox.write("/home/host/page", "host\n");
    sandbox.write("/etc/jail.conf", jail_conf);
    sandbox.ok(
        "ip netns add wire; ip link add em0 type veth peer name w0 netns wire; ip link set em0 up; \
         ip -n wire link set w0 up; ip addr add 192.0.2.9/24 dev em0; \
         ip addr add 2001:db8::9/64 dev em0 nodad; ip -n wire addr add 192.0.2.100/24 dev w0; \
         ip -n wire addr add 2001:db8::100/64 dev w0 nodad",
    );
    Some(sandbox)
}

/// Takes the machine's network away again.
fn end(sandbox: &Sandbox) {
    sandbox.ok("ip link delete em0; ip netns delete wire; /bin/umount /run/netns");
}

/// Shell functions: `page HOST [PORT]` gets a page, `wire COMMAND…` runs a command on the other
/// machine.
const SHELL: &str = "page() { busybox wget -q -O - http://$1:${2:-80}/page 2>&1; }; \
                     wire() { ip netns exec wire \"$@\"; }; ";

const WEB: &str = r#"
exec.start = "/bin/busybox httpd -p 80 -h /www";
path = /home/r; mount.devfs; persist; interface = em0; allow.reserved_ports;
a { ip4.addr = 192.0.2.1/24, 192.0.2.2/24; ip6.addr = 2001:db8::1/64; host.hostname = a; }
b { ip4.addr = 192.0.2.3/24; host.hostname = b; }
c { ip4.addr = 192.0.2.9; host.hostname = c; }
"#;

#[test]
fn the_host_and_jails_on_one_port() {
    let Some(sandbox) = machine(WEB) else { return };
    // The host is there first and has all addresses, as an administrator's own server would.
    sandbox.ok("busybox httpd -p 80 -h /home/host");
    check(
        &sandbox,
        &format!(
            "\
$ {SHELL}page 192.0.2.9; jail -v -c a
host
a: run command: /sbin/ifconfig em0 inet 192.0.2.1/24 alias
a: run command: /sbin/ifconfig em0 inet 192.0.2.2/24 alias
a: run command: /sbin/ifconfig em0 inet6 2001:db8::1/64 alias
a: jail_set(JAIL_CREATE) name=a path=/home/r persist allow.reserved_ports host.hostname=a ip4.addr=192.0.2.1,192.0.2.2 ip6.addr=2001:db8::1
a: created
a: run command in jail: /bin/busybox httpd -p 80 -h /www
$ jail -q -c b
$ {SHELL}for host in 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.9 '[2001:db8::1]' '[2001:db8::9]'; do page $host; done | xargs
jail jail jail host jail host
$ {SHELL}for host in 192.0.2.1 192.0.2.3 192.0.2.9 '[2001:db8::1]'; do ip netns exec wire busybox wget -q -O - http://$host/page; done | xargs
jail jail host jail
$ jls; jls -j a -n ip4 ip4.addr ip6 ip6.addr
   JID  IP Address      Hostname                      Path
     1  192.0.2.1       a                             /home/r
     2  192.0.2.3       b                             /home/r
ip4=new ip4.addr=192.0.2.1,192.0.2.2 ip6=new ip6.addr=2001:db8::1
$ jail -v -r a 2>&1 | grep ifconfig; ip -o address show dev em0 | grep -c 2001:db8::1/
a: run command: /sbin/ifconfig em0 inet6 2001:db8::1/64 -alias
a: run command: /sbin/ifconfig em0 inet 192.0.2.2/24 -alias
a: run command: /sbin/ifconfig em0 inet 192.0.2.1/24 -alias
0
[1]
$ {SHELL}page 192.0.2.3; jail -q -r b; ip -o -4 address show dev em0 | awk '{{ print $4 }}'
jail
192.0.2.9/24
"
        ),
    );
    sandbox.ok("kill $(pidof busybox)");
    end(&sandbox);
}

/// An address that the host has is the jail's while the jail runs, and is the host's again then.
#[test]
fn an_address_that_the_host_has() {
    let Some(sandbox) = machine(WEB) else { return };
    check(
        &sandbox,
        &format!(
            "\
$ jail -q -c c; ip -o -4 address show dev em0 | awk '{{ print $4 }}'
192.0.2.9/24
$ {SHELL}page 192.0.2.9; jail -q -r c; ip -o -4 address show dev em0 | awk '{{ print $4 }}'
jail
192.0.2.9/24
"
        ),
    );
    end(&sandbox);
}

/// A jail inside a jail with addresses has those addresses, whoever has made it, and no others.
#[test]
fn jails_inside_are_held_too() {
    let Some(sandbox) = machine(WEB) else { return };
    sandbox.root("/home/r/in");
    sandbox.ok("mkdir -p /home/r/in/www; jail -q -c name=a children.max=3 path=/home/r persist \
                mount.devfs ip4.addr='em0|192.0.2.1/24' allow.reserved_ports");
    sandbox.ok("jail -q -c name=a.host path=/home/r/in persist mount.devfs ip4=inherit");
    sandbox.ok(
        "jexec a /run/kletka/jail/jail -q -c name=own path=/in persist mount.devfs ip4=inherit",
    );
    for inside in ["a.host", "a.own"] {
        let serve = |address: &str| {
            let line = format!(
                "jexec {inside} busybox httpd -p {address} -h /www 2>&1 && kill $(pidof busybox)"
            );
            sandbox.run(&line).stdout
        };
        let denied = "httpd: bind: Cannot assign requested address\n";
        assert_eq!(serve("192.0.2.9:8080"), denied, "{inside}");
        assert_eq!(serve("127.0.0.53:8080"), denied, "{inside}");
        assert_eq!(serve("192.0.2.1:8080"), "", "{inside}");
        assert_eq!(serve("8080"), "", "{inside}");
    }
    sandbox.ok("jail -q -r a");
    end(&sandbox);
}

/// A datagram socket of the host's for all addresses stands in the way of jails with some, and the
/// doctor names whose it is; a jail's own stands in nobody's.
#[test]
fn ports_that_programs_of_the_host_have() {
    let Some(sandbox) = machine(WEB) else { return };
    sandbox.write(
        "/home/names.pl",
        "socket(my $s, 2, 2, 0); bind($s, pack('Sn x12', 2, 5353)); socket(my $t, 10, 2, 0);
         bind($t, pack('Sn x24', 10, 123)); open(my $f, '>', '/home/ready'); print $f $$; close $f;
         sleep 600;",
    );
    perl(&sandbox, "/home/r");
    sandbox.write(
        "/home/r/serve.pl",
        "socket(my $s, 2, 2, 0); bind($s, pack('Sn x12', 2, 99)); sleep 600;",
    );
    sandbox.ok("perl /home/names.pl & until [ -s /home/ready ]; do :; done");
    let doctor = "kletka doctor | grep '^UDP ports' | sed 's/([0-9]*)/(N)/'";
    assert_eq!(sandbox.ok(&format!("{doctor}; true")), "");
    sandbox.ok("jail -q -c a; jexec a perl /serve.pl & \
         until grep -q ' 00000000:0063 ' /proc/net/udp; do :; done");
    assert_eq!(
        sandbox.ok(doctor),
        "UDP ports: perl (N) has 123 5353 for all addresses, so that jails with addresses of the \
         host may not have the same: bind it to addresses of the host, or use kletka.net=ipvlan\n"
    );
    sandbox.ok("jail -q -r a; kill $(cat /home/ready)");
    end(&sandbox);
}

#[test]
fn what_a_jail_cannot_do_with_others_addresses() {
    let Some(sandbox) = machine(WEB) else { return };
    sandbox.ok("jail -q -c b; busybox httpd -p 127.0.0.1:8080 -h /home/host");
    check(
        &sandbox,
        "\
$ jexec b busybox httpd -p 192.0.2.9:81 -h /www
httpd: bind: Cannot assign requested address
[1]
$ jexec b busybox httpd -p '[::]:81' -h /www
httpd: socket: Address family not supported by protocol
[1]
$ jexec b busybox httpd -p 80 -h /www
httpd: bind: Address already in use
[1]
$ jexec b busybox ping -c 1 192.0.2.9
PING 192.0.2.9 (192.0.2.9): 56 data bytes
ping: permission denied (are you root?)
[1]
$ jexec b busybox wget -q -O - http://127.0.0.1/page; jexec b busybox wget -q -O - http://127.0.0.1:8080/page
jail
wget: can't connect to remote host (127.0.0.1): Connection refused
[1]
$ jexec b busybox wget -q -O - http://127.0.0.53:8080/page
wget: can't connect to remote host (127.0.0.53): Connection refused
[1]
$ jexec -U nobody b busybox httpd -p 88 -h /www
httpd: bind: Permission denied
[1]
",
    );
    sandbox.ok("jail -q -r b; kill $(pidof busybox)");
    end(&sandbox);
}

#[test]
fn addresses_of_a_running_jail_are_changed() {
    let Some(sandbox) = machine(WEB) else { return };
    sandbox.ok("jail -q -c a");
    check(
        &sandbox,
        &format!(
            "\
$ jail -v -m name=a ip4.addr='em0|192.0.2.4/24,192.0.2.2'; ip -o -4 address show dev em0 | awk '{{ print $4 }}' | sort
jail_set(JAIL_UPDATE) jid=1 ip4.addr=192.0.2.4,192.0.2.2
updated
192.0.2.2/24
192.0.2.4/24
192.0.2.9/24
$ {SHELL}page 192.0.2.4; page 192.0.2.2; jls -j a ip4.addr
jail
jail
192.0.2.4,192.0.2.2
$ jail -m name=a ip4=inherit
jail: ip4 cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -q -r a; ip -o -4 address show dev em0 | awk '{{ print $4 }}' | sort
192.0.2.9/24
$ jail -q -c name=d path=/home/r persist ip4=inherit; jail -m name=d ip4.addr=192.0.2.9
jail: ip4.addr cannot be changed after creation; stop the jail, and start it with the new value
[1]
$ jail -r d
d: removed
"
        ),
    );
    end(&sandbox);
}

/// An interface, a network and a host name say where addresses come from: a prison has addresses.
#[test]
fn a_jail_has_the_addresses_of_its_file() {
    let config =
        WEB.replace("exec.start", "#") + "n { ip_hostname; host.hostname = n.example.org; }\n";
    let Some(sandbox) = machine(&config) else { return };
    sandbox.write("/etc/hosts", "192.0.2.5 n.example.org\n2001:db8::5 n.example.org\n");
    sandbox.write("/etc/nsswitch.conf", "hosts: files\n");
    check(
        &sandbox,
        "\
$ for j in a b n; do jail -q -c $j; done; jls --diff; jls -j n ip4.addr ip6.addr
192.0.2.5 2001:db8::5
$ ip -o address show dev em0 | grep -c -e 192.0.2.5/ -e 2001:db8::5/
2
$ sed -i s/192.0.2.5/192.0.2.6/ /etc/hosts; sed -i 's|192.0.2.3/24|192.0.2.4|' /etc/jail.conf; jls --diff
b: ip4.addr=192.0.2.3 -> ip4.addr=192.0.2.4 (jail -m)
n: ip4.addr=192.0.2.5 -> ip4.addr=192.0.2.6 (jail -m)
[1]
$ jail -q -m b; jail -q -m n; jls --diff; jls -j n ip4.addr
192.0.2.6
$ echo > /etc/hosts; jail -q -r a b n; ip -o -4 address show dev em0 | awk '{ print $4 }'
192.0.2.9/24
",
    );
    end(&sandbox);
}

/// Linux takes the addresses of a network away with the first of them; FreeBSD does not.
#[test]
fn one_jails_end_leaves_anothers_addresses() {
    let Some(sandbox) = machine(WEB) else { return };
    check(
        &sandbox,
        "\
$ ip address flush dev em0 scope global; jail -q -c a; jail -q -c b; jail -q -r a; ip -o -4 address show dev em0 | awk '{ print $4 }'
192.0.2.3/24
$ cat /proc/sys/net/ipv4/conf/em0/promote_secondaries; jail -q -r b
0
",
    );
    end(&sandbox);
}

/// A jail that the host makes inside one with addresses has at most those.
#[test]
fn a_jail_inside_has_addresses_of_the_outer_one() {
    let config = WEB.replace("exec.start", "#")
        + "out { ip4.addr = 192.0.2.1/24, 192.0.2.2/24; children.max = 4; }";
    let Some(sandbox) = machine(&config) else { return };
    sandbox.ok("jail -q -c out; mkdir -p /home/q; cp -r /home/r/. /home/q");
    check(
        &sandbox,
        "\
$ jail -q -c name=out.all path=/home/q persist ip4=inherit; jexec out.all busybox httpd -p 192.0.2.9:81 -h /www
httpd: bind: Cannot assign requested address
[1]
$ jexec out.all busybox httpd -p 192.0.2.2:81 -h /www; busybox wget -q -O - http://192.0.2.2:81/page
jail
$ jail -q -c name=out.one path=/home/q persist ip4.addr=192.0.2.2; jexec out.one busybox httpd -p 192.0.2.1:82 -h /www
httpd: bind: Cannot assign requested address
[1]
$ jexec out.one busybox httpd -p 82 -h /www; busybox wget -q -O - http://192.0.2.2:82/page
jail
$ jail -q -c name=out.more path=/home/q persist ip4.addr='em0|192.0.2.7'; ip -o -4 address show dev em0 | grep -c 192.0.2.7
0
jail: 192.0.2.7 is no address of jail \"out\", which the jail is in; give it to that one first
[1]
$ jail -q -m name=out ip4.addr=192.0.2.1
jail: jail \"out.all\" inside has 192.0.2.2; stop it, or take the address from it first
[1]
$ jail -q -m name=out.one ip4.addr=192.0.2.9
jail: 192.0.2.9 is no address of jail \"out\", which the jail is in; give it to that one first
[1]
$ jail -q -r out; jls name; ip -o -4 address show dev em0 | awk '{ print $4 }'
192.0.2.9/24
",
    );
    end(&sandbox);
}

/// Without ipvlan the jail does not start, nothing is left, and the message says what is missing.
#[test]
fn a_kernel_without_ipvlan() {
    let Some(sandbox) = machine(WEB) else { return };
    if sandbox.run("ip link add link em0 name probe type ipvlan mode l3s").status == 0 {
        println!("skipped: a_kernel_without_ipvlan: this kernel has ipvlan");
        return end(&sandbox);
    }
    check(
        &sandbox,
        "\
$ jail -v -c name=i path=/home/r persist kletka.net=ipvlan ip4.addr='em0|192.0.2.7/24'
run command: /sbin/ifconfig em0 inet 192.0.2.7/24 alias
jail_set(JAIL_CREATE) name=i path=/home/r persist ip4.addr=192.0.2.7 kletka.net=ipvlan
created
carry 192.0.2.7
removed
carry no more
run command: /sbin/ifconfig em0 inet 192.0.2.7/24 -alias
jail: kletka.net=ipvlan: em0: this kernel has no ipvlan: load the module ipvlan; kletka.net=stack does without, and so does vnet
[1]
$ jls name; ip -o -4 address show dev em0 | awk '{ print $4 }'; ip rule | grep -c 27499
192.0.2.9/24
0
[1]
$ jail --plan -c name=i path=/home/r persist kletka.net=ipvlan ip4.addr='em0|192.0.2.7/24' | grep -e network: -e kletka.net: -e namespaces:
        kletka.net: full
               namespaces: pid mount uts ipc cgroup user network
               network: its own, with 192.0.2.7 of the host by ipvlan
        3. kletka.net: put 192.0.2.7 into its network, by ipvlan
        1. kletka.net: take away the host's ways to addresses of jails that are gone
",
    );
    end(&sandbox);
}

#[test]
fn lines_that_are_wrong() {
    let Some(sandbox) = machine(WEB) else { return };
    check(
        &sandbox,
        "\
$ jail -c path=/home/r persist ip4.addr='em7|192.0.2.1'; jail -c path=/home/r persist ip4.addr=192.0.2
jail: ip4.addr: interface em7 does not exist
jail: ip4.addr: not an IPv4 address: 192.0.2
[1]
$ jail -v -c name=w path=/home/r persist ip4.addr='em0|192.0.2.1/24 broadcast 192.0.2.127' | head -n 1; ip -o -4 address show dev em0 | grep -o '192.0.2.1/24 brd [0-9.]*'; jail -q -r w
run command: /sbin/ifconfig em0 inet 192.0.2.1/24 broadcast 192.0.2.127 alias
192.0.2.1/24 brd 192.0.2.127
$ jail -c path=/home/r persist kletka.net=ipvlan ip4.addr=192.0.2.9 exec.fib=1
jail: exec.fib: the routes of a jail with kletka.net=ipvlan are those of fib 0; use stack
[1]
$ jail -c path=/home/r vnet persist ip4.addr=192.0.2.9
jail: vnet jails cannot have IP address restrictions; give an interface of the jail its address by ifconfig in exec.start
[1]
$ jail -q -c name=out path=/home/r persist children.max=2 vnet
$ jexec out /run/kletka/jail/jail -q -c path=/tmp persist ip4.addr=127.0.0.1
jail: a jail inside a jail cannot have addresses of the host: use \"vnet\", or make the jail on the host
[1]
$ jail -r out
out: removed
",
    );
    end(&sandbox);
}
