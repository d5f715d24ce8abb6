//! The network that the calls are made in, and the processes that make them.

use addresses::{Network, Rule, Share, Source};
use kernel::bpf::{self, Hook, Map};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    A,
    B,
    C,
    Host,
    Wire,
}

/// How the jails have their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// They are the host's, on its network stack.
    Shared,
    /// Each jail has a network stack with its addresses alone.
    Apart,
}

/// The user who is root of C.
pub(crate) const ROOT_OF_C: u32 = 65_534;

const SHARED: &str = "
    mount -t tmpfs run /run
    ip netns add wire
    ip link set lo up
    ip link add e0 type veth peer name w0 netns wire
    ip link add e1 type veth peer name w1 netns wire
    ip link set e0 up; ip link set e1 up
    for link in lo w0 w1; do ip -n wire link set $link up; done
    for n in 1 2 3 4 9; do
        ip address add 192.0.2.$n/24 dev e0
        ip address add 2001:db8::$n/64 dev e0 nodad
    done
    ip address add 10.0.0.1/24 dev e1
    ip -n wire address add 192.0.2.100/24 dev w0
    ip -n wire address add 2001:db8::100/64 dev w0 nodad
    ip -n wire address add 10.0.0.100/24 dev w1
    echo 0 65535 > /proc/sys/net/ipv4/ping_group_range";

const APART: &str = "
    mount -t tmpfs run /run
    for name in wire A B C; do ip netns add $name; ip -n $name link set lo up; done
    for name in A B C; do
        ip -n $name address delete 127.0.0.1/8 dev lo
        ip -n $name address delete ::1/128 dev lo
        ip netns exec $name sh -c 'echo 0 65535 > /proc/sys/net/ipv4/ping_group_range'
    done
    ip link set lo up
    ip link add e0 type bridge; ip link add e1 type bridge
    ip link set e0 up; ip link set e1 up
    port() {
        ip link add $1$2 type veth peer name e$2 netns $1
        ip link set $1$2 master e$2 up
        ip -n $1 link set e$2 up
    }
    own() { ip -n $1 address add 192.0.2.$2/24 dev e0; }
    own6() { ip -n $1 address add 2001:db8::$2/64 dev e0 nodad; }
    for name in wire A B C; do port $name 0; done
    port wire 1; port A 1
    own A 1; own A 2; own B 3; own C 4; own wire 100
    own6 A 1; own6 B 3; own6 wire 100
    ip -n A address add 10.0.0.1/24 dev e1
    ip -n wire address add 10.0.0.100/24 dev e1
    ip address add 192.0.2.9/24 dev e0
    ip address add 2001:db8::9/64 dev e0 nodad";

/// Runs the test in namespaces that end with it.
pub(crate) fn outside(means: &str) {
    let namespaces = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "--"];
    let mut unshare = Command::new("unshare");
    let program = std::env::current_exe().unwrap();
    let status = unshare.args(namespaces).arg(program).args(["inside", means]).status().unwrap();
    assert!(status.success(), "{status}");
}

/// Prints the number of this process's network stack.
pub(crate) fn print_cookie() {
    // By the number of any socket of the network.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    println!("{}", kernel::interface::network_cookie(socket.as_fd()).unwrap());
}

/// A control group that is held to addresses.
struct Jail {
    who: Who,
    directory: PathBuf,
    group: File,
    rule: Rule,
}

/// The network, its jails, and who listens.
pub(crate) struct Place {
    means: Means,
    network: Network,
    /// While this is open, packets find the jails on the host's stack.
    link: Option<OwnedFd>,
    cookie: u64,
    jails: Vec<Jail>,
    servers: Vec<(Who, Child)>,
}

impl Place {
    pub(crate) fn make(means: Means) -> Self {
        let network = if means == Means::Shared { SHARED } else { APART };
        let made = Command::new("sh").args(["-ec", network]).status().unwrap();
        assert!(made.success());
        let stack = File::open("/proc/self/ns/net").unwrap();
        let network = Network::make().unwrap();
        let link = (means == Means::Shared).then(|| network.look_up(stack.as_fd()).unwrap());
        // By the number of any socket of the network.
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let cookie = kernel::interface::network_cookie(socket.as_fd()).unwrap();
        let (jails, servers) = (Vec::new(), Vec::new());
        let mut place = Self { means, network, link, cookie, jails, servers };
        let source = |prefix: &str, length, address: &str| Source {
            prefix: prefix.parse().unwrap(),
            length,
            address: address.parse().unwrap(),
        };
        let a = Rule {
            sources: vec![source("10.0.0.0", 24, "10.0.0.1")],
            ..rule(&["192.0.2.1", "192.0.2.2", "10.0.0.1"], &["2001:db8::1"])
        };
        place.hold(Who::A, a);
        place.hold(Who::B, rule(&["192.0.2.3"], &["2001:db8::3"]));
        place.hold(Who::C, Rule { root: ROOT_OF_C, ..rule(&["192.0.2.4"], &[]) });
        place
    }

    /// Makes a control group, and holds it by the programs that the groups before it have.
    fn hold(&mut self, who: Who, rule: Rule) {
        let directory = tree().join(format!("kletka-test-{who:?}-{}", self.cookie));
        fs::create_dir(&directory).unwrap();
        let group = File::open(&directory).unwrap();
        if let Some(other) = self.jails.first() {
            self.network = Network::of(other.group.as_fd()).unwrap().unwrap();
            let stack = File::open("/proc/self/ns/net").unwrap();
            assert_eq!(self.network.link(stack.as_fd()).unwrap().is_some(), self.link.is_some());
        }
        let number = group.metadata().unwrap().ino();
        let rule = Rule { apart: self.means == Means::Apart, ..rule };
        self.network.hold((group.as_fd(), number), self.cookie_of(who), &rule).unwrap();
        self.jails.push(Jail { who, directory, group, rule });
    }

    /// The number of the network stack that a jail is on.
    fn cookie_of(&self, who: Who) -> u64 {
        if self.means == Means::Shared {
            return self.cookie;
        }
        let output = self.program(who).arg("cookie").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().parse().unwrap()
    }

    /// This program, in somebody's network.
    fn program(&self, who: Who) -> Command {
        let program = std::env::current_exe().unwrap();
        let name = match who {
            Who::Wire => "wire".to_owned(),
            Who::A | Who::B | Who::C if self.means == Means::Apart => format!("{who:?}"),
            _ => return Command::new(program),
        };
        // ip-netns(8) would hide the control groups.
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{name}")).arg(program);
        command
    }

    /// Gives a jail these addresses instead of its own.
    pub(crate) fn give(&mut self, who: Who, v4: &[&str], v6: &[&str]) {
        let jail = self.jails.iter_mut().find(|jail| jail.who == who).unwrap();
        let number = jail.group.metadata().unwrap().ino();
        let new = Rule { root: jail.rule.root, ..rule(v4, v6) };
        self.network.change(number, self.cookie, Some(&jail.rule), &new).unwrap();
        jail.rule = new;
    }

    /// Starts a process that makes a call.
    fn start(&self, who: Who, words: &str) -> Child {
        let mut command = self.program(who);
        let jail = self.jails.iter().find(|jail| jail.who == who);
        let group = jail.map(|jail| jail.directory.join("cgroup.procs"));
        command.arg("act").arg(group.unwrap_or_default()).args(words.split(' '));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Makes a call, and answers what came out.
    pub(crate) fn ask(&self, who: Who, call: &str) -> String {
        let output = self.start(who, call).wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Starts a process that listens, and waits until it does.
    pub(crate) fn serve(&mut self, who: Who, sockets: &str) {
        self.listen(who, "serve", sockets);
    }

    /// As [`Place::serve`], with sockets that the process had before it was somebody's.
    pub(crate) fn bring(&mut self, who: Who, sockets: &str) {
        self.listen(who, "brings", sockets);
    }

    fn listen(&mut self, who: Who, verb: &str, sockets: &str) {
        let mut child = self.start(who, &format!("{verb} {who:?} {sockets}"));
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "listens\n", "{who:?}: {sockets}");
        self.servers.push((who, child));
    }

    /// Ends the process that listens for somebody.
    pub(crate) fn stop(&mut self, who: Who) {
        for (_, mut child) in self.servers.extract_if(.., |(whose, _)| *whose == who) {
            // A server lives until its input ends.
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    /// How many ports are counted as the jails', and how many of the machine's are hidden: the keys
    /// of the two tables.
    pub(crate) fn counted(&self) -> [usize; 2] {
        let group = self.jails[0].group.as_fd();
        let program = bpf::program(bpf::attached(group, Hook::Bind4).unwrap()[0]).unwrap();
        let maps = bpf::maps_of(program.as_fd()).unwrap().1;
        let maps: Vec<_> = maps.into_iter().map(|id| Map::by_id(id).unwrap()).collect();
        ["kletka_bound", "kletka_hidden"].map(|name| {
            let is = |of: &[u8; 16]| of.starts_with(name.as_bytes());
            maps.iter().find(|(_, of)| is(of)).unwrap().0.keys().unwrap().len()
        })
    }

    /// The ports of a protocol, so `many` of them, on which the machine's own list has sockets with
    /// all addresses, or that listen, and that nobody asked for.
    pub(crate) fn hidden_ports(&self, protocol: &str, many: usize) -> Vec<u16> {
        let list = |family| fs::read_to_string(format!("/proc/net/{protocol}{family}")).unwrap();
        let lines = [list(""), list("6")].concat();
        let state = if protocol == "tcp" { "0A" } else { "07" };
        let listening = lines.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let local = words.nth(1)?;
            (words.nth(1)? == state).then(|| local.rsplit(':').next())?
        });
        let ports = listening.map(|port| u16::from_str_radix(port, 16).unwrap());
        let hidden: Vec<u16> =
            ports.filter(|port| ![53, 54, 80, 5353, 5354, 5400].contains(port)).collect();
        assert_eq!(hidden.len(), many, "{protocol}: {hidden:?}");
        hidden
    }

    /// Takes everything away that would outlive this process.
    pub(crate) fn end(mut self) {
        for who in [Who::Host, Who::A, Who::B, Who::C] {
            self.stop(who);
        }
        for Jail { directory, group, rule, .. } in &self.jails {
            self.network.forget(group.metadata().unwrap().ino(), rule).unwrap();
            fs::remove_dir(directory).unwrap();
        }
        drop(self.link);
    }
}

/// Where cgroup v2 is mounted.
fn tree() -> PathBuf {
    let both = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(PathBuf::from);
    both.into_iter().find(|path| path.join("cgroup.procs").exists()).unwrap()
}

fn rule(v4: &[&str], v6: &[&str]) -> Rule {
    let v4 = v4.iter().map(|text| text.parse::<Ipv4Addr>().unwrap());
    let v6 = v6.iter().map(|text| text.parse::<Ipv6Addr>().unwrap());
    Rule {
        v4: Share::These(v4.collect()),
        v6: Share::These(v6.collect()),
        reserved_ports: true,
        own_users: true,
        unprivileged: 1024,
        ..Rule::default()
    }
}
