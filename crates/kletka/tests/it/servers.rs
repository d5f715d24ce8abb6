//! Servers of Debian's packages in jails that have addresses of the host, and on the host itself:
//! all on the same ports, with the configuration that the packages bring.

use crate::rc_in_jail::debian;
use crate::sandbox::Sandbox;
use crate::session::check;

/// Makes the host, whose card em0 leads to another machine, `wire`, and a root for each name: a
/// layer over the base `$base`.
const MACHINE: &str = "
set -e
hostname host
ip netns add wire
ip link add em0 type veth peer name w0 netns wire
ip link set em0 up; ip -n wire link set lo up; ip -n wire link set w0 up
ip addr add 192.0.2.9/24 dev em0; ip addr add 2001:db8::9/64 dev em0 nodad
ip -n wire addr add 192.0.2.100/24 dev w0; ip -n wire addr add 2001:db8::100/64 dev w0 nodad
# As systemd sets it on every Debian: ping(8) without rights.
echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range
mkdir -p /home/layers
for name in host a b c; do
    root=/home/$name
    mkdir -p $root /home/layers/$name.upper /home/layers/$name.work
    /bin/mount -t overlay -o lowerdir=$base,upperdir=/home/layers/$name.upper,workdir=/home/layers/$name.work overlay $root
    cp -p /usr/local/share/kletka/jail/rc* $root/etc/
    rm -f $root/var/www/html/*; echo $name > $root/var/www/html/index.html
done
cp /dev/null /home/host/etc/resolv.conf
for device in null zero urandom random; do : > /home/host/dev/$device 2> /dev/null || :; /bin/mount --bind /dev/$device /home/host/dev/$device; done
";

/// What tells the servers of one and the other apart: a page, a key for sshd, and the address of
/// `who.test`.
const SERVERS: &str = "
set -e
number=0
for name in host a b c; do
    number=$((number + 1)) root=/home/$name
    printf 'nginx_enable=YES\\nsshd_enable=YES\\nredis_enable=YES\\nunbound_enable=YES\\n' > $root/etc/rc.conf
    printf 'server:\\n  interface: 0.0.0.0\\n  interface: ::0\\n  access-control: 0.0.0.0/0 allow\\n  access-control: ::0/0 allow\\n  local-data: \"who.test. A 10.0.0.%s\"\\n' $number \
        > $root/etc/unbound/unbound.conf.d/all.conf
    rm -f $root/etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf
    mkdir -p -m 700 $root/root/.ssh
    [ $name != host ] || chroot $root ssh-keygen -q -t ed25519 -N '' -f /root/key
    cp /home/host/root/key.pub $root/root/.ssh/authorized_keys
done
# Of several sockets for all addresses on one UDP port, no two may be there: the host's has its own.
sed -i 's/interface: 0.0.0.0/interface: 192.0.2.9/; s/interface: ::0/interface: 2001:db8::9/' /home/host/etc/unbound/unbound.conf.d/all.conf
# b has dnsmasq instead, which knows the names of /etc/hosts.
sed -i 's/unbound/dnsmasq/' /home/b/etc/rc.conf
echo 10.0.0.3 who.test >> /home/b/etc/hosts
mkdir -p /home/host/run/sshd /home/host/var/www/html/deb
: > /home/host/var/www/html/deb/Packages
chroot /home/host sh -c 'nginx; /usr/sbin/sshd; unbound; start-stop-daemon --start --background --make-pidfile --pidfile /run/redis.pid --exec /usr/bin/redis-server -- /etc/redis/redis.conf --daemonize no'
";

const JAILS: &str = r#"
exec.start = "/bin/sh /etc/rc"; exec.stop = "/bin/sh /etc/rc.shutdown"; exec.consolelog = "/var/log/$name";
path = "/home/$name"; mount.devfs; persist; interface = em0; allow.reserved_ports; allow.raw_sockets;
host.hostname = "$name";
a { ip4.addr = 192.0.2.1/24, 192.0.2.2/24, 192.0.2.4/24; ip6.addr = 2001:db8::1/64; }
b { ip4.addr = 192.0.2.3/24; }
c { ip4.addr = 192.0.2.5/24; ip6.addr = 2001:db8::5/64; }
"#;

/// Ends the host's servers, which have written their numbers into files, and takes it down.
const END: &str = "
set -e
for file in $(find /home/host/run -name '*.pid'); do kill $(cat $file) || :; done
# named(8) may wait for the answers of servers that nobody here reaches.
kill -KILL $(pidof named) 2> /dev/null || :
while pidof nginx sshd unbound redis-server apache2 named smbd node prometheus-node-exporter; do :; done
for device in null zero urandom random; do /bin/umount --lazy /home/host/dev/$device; done
for name in host a b c; do /bin/umount --lazy /home/$name; done
ip link delete em0; ip netns delete wire; /bin/umount /run/netns
";

/// Shell functions for both sides of the wire: each prints who answers at an address, and `at` runs
/// a program of the base. Of several servers on one line, the order is that of [`JAILS`], the host
/// last.
const ASK: &str = r#"
at() { chroot /home/host "$@"; }
page() { at curl -s -m 5 "http://$1/"; }
login() { at ssh -F none -i /root/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@$1 hostname; }
name() { at dig $2 +short +tries=1 +timeout=3 @$1 who.test A | head -n 1; }
server() { at dig $2 +short +tries=1 +timeout=3 @$1 CH TXT hostname.bind | tr -d '"'; }
four='192.0.2.1 192.0.2.2 192.0.2.4 192.0.2.3 192.0.2.5 192.0.2.9' six='2001:db8::1 2001:db8::5 2001:db8::9'
"#;

#[test]
fn one_port_for_all() {
    let Some(sandbox) = Sandbox::new() else { return };
    let packages =
        "bind9-dnsutils,curl,dnsmasq,iputils-ping,nginx-light,openssh-server,redis-server,unbound";
    let Some(()) = debian("servers", packages) else { return };
    sandbox.ok(&format!("base=/usr/local/kletka/bases/servers\n{MACHINE}"));
    sandbox.ok(SERVERS);
    sandbox.write("/etc/jail.conf", JAILS);
    sandbox.write("/tmp/ask", ASK);
    sandbox.ok("jail -q -p 1 -c");
    check(&sandbox, SESSION);
    sandbox.ok("jail -q -r '*'");
    sandbox.ok(END);
}

const SESSION: &str = "\
$ grep -h WARNING /var/log/a /var/log/b /var/log/c
/etc/rc: WARNING: /etc/init.d/nginx start: failed, exit status 1; this jail has no IPv6: give it ip6.addr, or have the service listen on IPv4 alone, without [::]
$ service -j b nginx start 2>&1 | grep -o 'nginx: failed.*'
nginx: failed; this jail has no IPv6: give it ip6.addr, or have the service listen on IPv4 alone, without [::]
$ jexec b sed -i '/::/d' /etc/nginx/sites-available/default; service -j b nginx start
Starting nginx: nginx.
$ . /tmp/ask; for host in $four; do page $host; done | xargs; for host in $six; do page [$host]; done | xargs
a a a b c host
a c host
$ ip netns exec wire sh -c '. /tmp/ask; for host in $four; do page $host; done | xargs; for host in $six; do page [$host]; done | xargs'
a a a b c host
a c host
$ ip netns exec wire sh -c '. /tmp/ask; for host in $four $six; do login $host; done | xargs'
a a a b c host a c host
$ . /tmp/ask; for host in $four; do name $host +tcp; done | xargs
10.0.0.2 10.0.0.2 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.1
$ ip netns exec wire sh -c '. /tmp/ask; for host in $four $six; do name $host +tcp; done | xargs; for host in 192.0.2.1 192.0.2.3 192.0.2.5 192.0.2.9 $six; do name $host; done | xargs'
10.0.0.2 10.0.0.2 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.1 10.0.0.2 10.0.0.4 10.0.0.1
10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.1 10.0.0.2 10.0.0.4 10.0.0.1
$ for jail in a b c; do jexec $jail curl -s -m 5 http://localhost/ http://192.0.2.9/; jexec $jail dig +short +tries=1 @127.0.0.1 who.test A; done | xargs
a host 10.0.0.2 b host 10.0.0.3 c host 10.0.0.4
$ for jail in a b c; do jexec $jail redis-cli ping | grep -o DENIED; jexec $jail ping -q -c 1 192.0.2.100 | grep -o '1 received'; done
DENIED
1 received
DENIED
1 received
DENIED
1 received
$ chroot /home/host redis-cli ping
PONG
$ jexec a sh -c 'rm -f /etc/apt/sources.list.d/*; echo deb [trusted=yes] http://192.0.2.9/deb ./ > /etc/apt/sources.list; apt-get -q update 2>&1' | grep -o 'http.*Packages' | head -n 1
http://192.0.2.9/deb ./ Packages
";

/// What a slow test adds: a database, shares, a name server that listens on each address that it
/// sees, and servers in Go and in JavaScript that listen on `::` or, where there is no IPv6, on
/// what there is.
#[test]
#[ignore = "slow: its base has a database and more; cargo xtask test --slow"]
fn more_servers_on_one_port() {
    let Some(sandbox) = Sandbox::new() else { return };
    let packages =
        "apache2,bind9,bind9-dnsutils,curl,nodejs,postgresql,prometheus-node-exporter,samba";
    let Some(()) = debian("servers-slow", packages) else { return };
    sandbox.ok(&format!("base=/usr/local/kletka/bases/servers-slow\n{MACHINE}"));
    sandbox.ok(MORE);
    sandbox.write("/etc/jail.conf", JAILS);
    sandbox.write("/tmp/ask", ASK);
    sandbox.ok("jail -q -p 1 -c");
    sandbox.ok(READY);
    check(&sandbox, MORE_SESSION);
    sandbox.ok("jail -q -r '*'");
    sandbox.ok(END);
}

const MORE: &str = "
set -e
for name in host a b c; do
    root=/home/$name
    printf 'apache24_enable=YES\\nnamed_enable=YES\\nsamba_server_enable=YES\\npostgresql_enable=YES\\nprometheus_node_exporter_enable=YES\\n' > $root/etc/rc.conf
    printf 'require(\"net\").createServer(one => one.end(\"%s\\\\n\")).listen(7000)' $name > $root/srv/server.js
    echo 'cd /; start-stop-daemon --start --background --make-pidfile --pidfile /run/node.pid --exec /usr/bin/node -- /srv/server.js' > $root/etc/rc.local
done
mkdir -p /home/host/run/samba
install -d -o $(stat -c %u /home/host/var/cache/bind) -g $(stat -c %g /home/host/var/cache/bind) /home/host/run/named
# It would take the addresses of the jails as they come.
sed -i 's/listen-on-v6 .*/listen-on { 192.0.2.9; }; listen-on-v6 { 2001:db8::9; };/' /home/host/etc/bind/named.conf.options
chroot /home/host sh -c 'apachectl start; smbd -D; named -u bind; sh /etc/rc.local
    start-stop-daemon --start --background --make-pidfile --pidfile /run/exporter.pid --exec /usr/bin/prometheus-node-exporter' 2> /dev/null
";

/// Waits for what the jails have started in the background: until then the host's server answers.
const READY: &str = "
for jail in a b c; do
    until [ \"$(jexec $jail bash -c 'read who < /dev/tcp/localhost/7000; echo $who' 2> /dev/null)\" = $jail ]; do :; done
done
";

const MORE_SESSION: &str = "\
$ ip netns exec wire sh -c '. /tmp/ask; for host in $four; do page $host; done | xargs; for host in $six; do page [$host]; done | xargs'
a a a b c host
a c host
$ ip netns exec wire sh -c '. /tmp/ask; for host in $four $six; do busybox nc -w 5 $host 7000; done | xargs'
a a a b c host a c host
$ ip netns exec wire sh -c '. /tmp/ask; for host in $four; do at curl -s -m 5 http://$host:9100/metrics; done | grep -o nodename=.[a-z]* | cut -c 11- | xargs'
a a a b c host
$ ip netns exec wire sh -c '. /tmp/ask; for host in $four $six; do busybox nc -w 1 $host 445 < /dev/null && echo open; done | xargs'
open open open open open open open open open
$ ip netns exec wire sh -c '. /tmp/ask; for how in +notcp +tcp; do for host in $four $six; do server $host $how; done | xargs; done'
a a a b c host a c host
a a a b c host a c host
$ for jail in a b c; do jexec $jail rndc status | tail -n 1; done
server is up and running
server is up and running
server is up and running
$ for jail in a b c; do jexec $jail su postgres -c 'psql -Atc \"show listen_addresses\"; psql -h localhost -l' 2>&1 | sed 's/.*no pg_hba/no pg_hba/; s/, SSL.*//' | head -n 2; done
localhost
no pg_hba.conf entry for host \"192.0.2.1\", user \"postgres\", database \"postgres\"
localhost
no pg_hba.conf entry for host \"192.0.2.3\", user \"postgres\", database \"postgres\"
localhost
no pg_hba.conf entry for host \"192.0.2.5\", user \"postgres\", database \"postgres\"
";
