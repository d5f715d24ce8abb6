//! What the doctor says of the host around jails: ids, the program that makes bases, forwarding
//! and firewalls. Nothing of that keeps a jail from running.

use super::State;
use netif::{Interface, Netlink};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Looks at the host.
pub(super) fn examine() -> Vec<(String, State)> {
    let told = |name: &str, text| (name.to_owned(), State::Told(text));
    let mut lines = vec![told("ids of jails", ids(&prison::ranges_of_ids()))];
    let mmdebstrap = match base::mmdebstrap() {
        Some(_) => State::Well,
        None => State::Missing(
            "kletka bootstrap makes no bases without it: apt-get install mmdebstrap".to_owned(),
        ),
    };
    lines.push(("mmdebstrap".to_owned(), mmdebstrap));
    lines.push(told("forwarding", forwarding(&setting("net/ipv4/ip_forward"))));
    lines.extend(firewall());
    lines.extend(networkd());
    lines
}

/// Where systemd-networkd says what it does to each interface: a file by the interface's number.
const NETWORKD: &str = "/run/systemd/netif/links";

/// The interfaces of jails that systemd-networkd configures too: those that kletka has made, and
/// the others in a bridge that kletka has made.
fn networkd() -> Vec<(String, State)> {
    let links = Netlink::open().and_then(|mut netlink| netlink.links()).unwrap_or_default();
    let bridges: Vec<u32> =
        links.iter().filter(|link| link.maker.is_some()).map(|link| link.index).collect();
    let is_ours = |link: &&Interface| {
        link.maker.is_some() || link.master.is_some_and(|bridge| bridges.contains(&bridge))
    };
    let found = links.iter().filter(is_ours).filter_map(|link| {
        let state = fs::read_to_string(Path::new(NETWORKD).join(link.index.to_string())).ok()?;
        let file = configured_by(&state)?;
        let name = &link.name;
        let text = format!(
            "systemd-networkd configures {name} by {file}, and takes it out of its bridge: name no \
             such interfaces there, or write /etc/systemd/network/00-{name}.network with [Match] \
             Name={name} [Link] Unmanaged=yes, then networkctl reload"
        );
        Some(("networkd".to_owned(), State::Told(text)))
    });
    found.collect()
}

/// The file by which systemd-networkd configures the interface with this state, if it does, and if
/// that file does not give the interface to a bridge itself.
fn configured_by(state: &str) -> Option<&str> {
    let value = |name: &str| state.lines().find_map(|line| line.strip_prefix(name));
    if value("ADMIN_STATE=") == Some("unmanaged") {
        return None;
    }
    let file = value("NETWORK_FILE=")?;
    let text = fs::read_to_string(file).unwrap_or_default();
    let has_bridge = text.lines().any(|line| line.trim_start().starts_with("Bridge="));
    (!has_bridge).then_some(file)
}

/// Writes the ranges of ids that jails get.
fn ids(ranges: &[(u32, u32)]) -> String {
    let ranges: Vec<_> = ranges.iter().map(|(first, last)| format!("{first}-{last}")).collect();
    format!("{}; lines of kletka in /etc/subuid set them", ranges.join(", "))
}

/// The value of a setting of the kernel; nothing without it.
fn setting(path: &str) -> String {
    fs::read_to_string(Path::new("/proc/sys").join(path)).unwrap_or_default().trim().to_owned()
}

fn forwarding(value: &str) -> String {
    match value {
        "1" => "on".to_owned(),
        _ => "off; a jail that is routed (NAT) needs sysctl net.ipv4.ip_forward=1, a bridged one \
              does not"
            .to_owned(),
    }
}

/// What rules over forwarded packets, and what that means for jails.
fn firewall() -> Vec<(String, State)> {
    let mut lines = Vec::new();
    let is_bridged = setting("net/bridge/bridge-nf-call-iptables") == "1";
    match policies() {
        None => lines.push(("firewall".to_owned(), State::Unknown)),
        Some(chains) if chains.is_empty() => {
            lines.push((
                "firewall".to_owned(),
                State::Told("no policy drops what is forwarded".into()),
            ));
        }
        Some(chains) => lines.extend(
            chains
                .iter()
                .map(|chain| ("firewall".to_owned(), State::Told(drops(chain, is_bridged)))),
        ),
    }
    let manager = |(name, sign, has, advice): &(&str, &str, &str, &str)| {
        // Without a word to look for, that the file is there is enough.
        let is_there = match *has {
            "" => fs::exists(sign).unwrap_or(false),
            has => fs::read_to_string(sign).is_ok_and(|text| text.lines().any(|line| line == has)),
        };
        is_there.then(|| ((*name).to_owned(), State::Told(format!("active; {advice}"))))
    };
    lines.extend(MANAGERS.iter().filter_map(manager));
    lines
}

/// Programs that manage the rules: the name of each, a file, the line of the file that says that
/// the program is active, and how jails are let through.
const MANAGERS: [(&str, &str, &str, &str); 3] = [
    (
        "ufw",
        "/etc/ufw/ufw.conf",
        "ENABLED=yes",
        "routed jails need: ufw route allow in on BRIDGE; ufw route allow out on BRIDGE",
    ),
    (
        "firewalld",
        "/run/firewalld.pid",
        "",
        "routed jails need: firewall-cmd --permanent --zone=trusted --add-interface=BRIDGE",
    ),
    (
        "docker",
        "/run/docker.sock",
        "",
        "it drops what it does not forward itself; routed jails need: iptables -I DOCKER-USER -i \
         BRIDGE -j ACCEPT, and the same with -o",
    ),
];

fn drops(chain: &str, is_bridged: bool) -> String {
    let bridged = match is_bridged {
        true => "; bridged ones too, or sysctl net.bridge.bridge-nf-call-iptables=0",
        false => "; bridged ones need no rule",
    };
    format!("{chain} drops what is forwarded; routed jails need a rule that accepts it{bridged}")
}

/// The chains whose policy drops what is forwarded. `None`: the rules cannot be read.
fn policies() -> Option<Vec<String>> {
    let said = |line: &[&str]| {
        let done = Command::new(line[0]).args(&line[1..]).stdin(Stdio::null()).output().ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    };
    // The kernel has nf_tables only since somebody has loaded rules; nft(8) would load it.
    let has_nft = fs::read_to_string("/proc/modules").is_ok_and(|text| text.contains("nf_tables "))
        || fs::exists("/proc/net/nf_conntrack").unwrap_or(false)
        || fs::exists("/sys/module/nf_tables").unwrap_or(false);
    let mut found = Vec::new();
    if has_nft && let Some(nft) = sbin("nft") {
        found.extend(dropping_chains(&said(&[&nft, "list", "chains"])?));
    }
    // Rules of the old kind are none of nf_tables'.
    let tables = fs::read_to_string("/proc/net/ip_tables_names").unwrap_or_default();
    if tables.lines().any(|table| table == "filter")
        && let Some(iptables) = sbin("iptables-legacy").or_else(|| sbin("iptables"))
    {
        let policy = said(&[&iptables, "-S", "FORWARD"])?;
        if policy.lines().next() == Some("-P FORWARD DROP") {
            found.push("iptables FORWARD".to_owned());
        }
    }
    rustix::process::geteuid().is_root().then_some(found)
}

/// The path of a program of administrators, whose directories a user's PATH need not have.
fn sbin(name: &str) -> Option<String> {
    let mut paths =
        ["/usr/sbin", "/sbin"].map(|directory| format!("{directory}/{name}")).into_iter();
    paths.find(|path| fs::exists(path).unwrap_or(false))
}

/// The chains in what `nft list chains` prints that are called for forwarded packets and drop.
fn dropping_chains(listing: &str) -> Vec<String> {
    let (mut table, mut chain, mut found) = ("", "", Vec::new());
    for line in listing.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("table ").and_then(|rest| rest.strip_suffix(" {")) {
            table = name;
        } else if let Some(name) =
            line.strip_prefix("chain ").and_then(|rest| rest.strip_suffix(" {"))
        {
            chain = name;
        } else if line.contains("hook forward ") && line.contains("policy drop") {
            found.push(format!("nft {table} {chain}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_networkd_configures() {
        let configured = "ADMIN_STATE=configured\nNETWORK_FILE=/nowhere/10-all.network\n";
        assert_eq!(configured_by(configured), Some("/nowhere/10-all.network"));
        assert_eq!(configured_by(&configured.replace("configured", "unmanaged")), None);
        assert_eq!(configured_by("ADMIN_STATE=pending\n"), None);
    }

    #[test]
    fn chains_that_drop() {
        let listing = "\
table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy drop;
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
	}
	chain USER {
	}
}
table inet mine {
	chain pass {
		type filter hook forward priority filter + 10; policy accept;
	}
	chain stop {
		type filter hook forward priority filter + 20; policy drop;
	}
}
";
        assert_eq!(dropping_chains(listing), ["nft ip filter FORWARD", "nft inet mine stop"]);
        assert_eq!(dropping_chains(""), [] as [&str; 0]);
    }

    #[test]
    fn lines() {
        let set = "; lines of kletka in /etc/subuid set them";
        assert_eq!(ids(&[(1, 9)]), format!("1-9{set}"));
        assert_eq!(ids(&[(1, 9), (20, 29)]), format!("1-9, 20-29{set}"));
        assert_eq!(forwarding("1"), "on");
        let off = "off; a jail that is routed (NAT) needs sysctl net.ipv4.ip_forward=1, a bridged one does not";
        assert_eq!((forwarding("0").as_str(), forwarding("").as_str()), (off, off));
        let start = "nft ip filter FORWARD drops what is forwarded; routed jails need a rule that accepts it; bridged";
        for (is_bridged, end) in [
            (false, "ones need no rule"),
            (true, "ones too, or sysctl net.bridge.bridge-nf-call-iptables=0"),
        ] {
            assert_eq!(drops("nft ip filter FORWARD", is_bridged), format!("{start} {end}"));
        }
    }
}
